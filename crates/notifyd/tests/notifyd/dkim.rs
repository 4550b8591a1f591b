//! Signatures, as a verifier sees them that was not written here: dkimpy.

use std::{path::Path, process::Command};

use kit::config::Secret;
use notifyd::{DkimKey, DkimSettings, Settings};
use tempfile::TempDir;

use crate::setup::{World, alarm, header, job, settings, sink};

/// Prints for each signature whether it is good, with the mail on stdin and the keys as `name=record` arguments.
const VERIFY: &str = r"
import dkim, sys
records = {name.encode(): record.encode() for name, record in (word.split('=', 1) for word in sys.argv[1:])}
mail = sys.stdin.buffer.read()
signatures = mail.split(b'\r\n\r\n')[0].count(b'DKIM-Signature:')
def verify(place):
    try:
        return dkim.DKIM(mail, minkey=2048).verify(idx=place, dnsfunc=lambda name, timeout=5: records.get(name.rstrip(b'.')))
    except dkim.DKIMException:
        return False
print(*[verify(place) for place in range(signatures)])
";

/// A key of each sort, as openssl writes them.
const KINDS: [(&str, &[&str]); 3] = [
    ("rsa", &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
    ("old", &["genrsa", "-traditional"]),
    ("ed", &["genpkey", "-algorithm", "ED25519"]),
];

/// The public half as the DNS has it (RFC 6376 §3.6.1, RFC 8463 §4.2).
fn record(key: &Path, kind: &str) -> String {
    let read = |form: &str| {
        let mut command = Command::new("openssl");
        command.args(["pkey", "-pubout", "-outform", form, "-in"]).arg(key);
        command.output().unwrap().stdout
    };
    let pem = String::from_utf8(read("PEM")).unwrap();
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    // The key itself are the last 32 octets of 44.
    if kind == "ed" {
        format!("v=DKIM1; k=ed25519; p={}", &base64[16..])
    } else {
        format!("v=DKIM1; k=rsa; p={base64}")
    }
}

/// Settings that sign with all of [`KINDS`], and the DNS that goes with them.
fn signing(mut settings: Settings, folder: &TempDir) -> (Settings, Vec<String>) {
    let (mut keys, mut records) = (Vec::new(), Vec::new());
    for (kind, arguments) in KINDS {
        let file = folder.path().join(kind);
        let made = Command::new("openssl").args(arguments).arg("-out").arg(&file).output();
        assert!(made.unwrap().status.success(), "openssl {arguments:?}");
        let key = Secret::new(std::fs::read_to_string(&file).unwrap());
        keys.push(DkimKey { selector: kind.into(), key });
        records.push(format!("{kind}._domainkey.example.org={}", record(&file, kind)));
    }
    settings.dkim = DkimSettings { domain: String::new(), keys };
    (settings, records)
}

fn verify(mail: &[u8], records: &[String]) -> String {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("mail");
    std::fs::write(&file, mail).unwrap();
    let mut command = Command::new(testkit::program::clients().join("bin/python"));
    command.args(["-c", VERIFY]).args(records).stdin(std::fs::File::open(&file).unwrap());
    let output = command.output().expect("dkimpy is installed: run tests/run --prepare");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn every_signature_is_good_and_none_is_when_the_mail_is_changed() {
    let (sink, folder) = (sink().await, TempDir::new().unwrap());
    let (settings, records) = signing(settings(sink.local_addr()), &folder);
    let world = World::with(settings).await;
    let mut alarm = alarm(&["bob@example.org"]);
    alarm.summary =
        "Lunch,  café 🍲 and a title that is so long that it stands on more lines than one".into();
    alarm.description = format!("  Spaces \t here  \n\n\n.\n{}\n \n\n", "x".repeat(3000));
    world.run(&job(alarm)).await.unwrap();
    let mail = sink.mails()[0].clone();
    assert_eq!(verify(&mail.octets, &records), "True True True");
    let text = std::str::from_utf8(&mail.octets).unwrap();
    assert!(text.lines().all(|line| line.len() <= 78), "{text}");
    let subject = header(&mail, "Subject");
    for (part, forged) in [
        ("Auto-Submitted: auto-generated", "Auto-Submitted: no"),
        (&*format!("Subject: {subject}"), "Subject: Pay at once"),
        ("To: bob@", "To: eve@"),
        ("\r\nFrom: ", "\r\nFrom: eve@example.org\r\nFrom: "),
        ("\r\nTo: ", "\r\nSubject: Pay at once\r\nTo: "),
        ("xxxx", "xxxy"),
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
        let forged = text.replacen(part, forged, 1);
        assert_eq!(verify(forged.as_bytes(), &records), "False False False", "{part}");
    }
    // What servers on the way may do.
    let changed = format!("Received: from here\r\n{}\r\n", text.replace("Subject: ", "SUBJECT:  "));
    assert_eq!(verify(changed.as_bytes(), &records), "True True True");
}
