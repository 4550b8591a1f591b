//! The mail as a server and a parser see it that were not written here: aiosmtpd and Python's email package.

use std::{net::SocketAddr, path::PathBuf, process::Stdio};

use serde_json::json;
use tempfile::TempDir;
use testkit::{Scratch, certificate::Certificate};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use crate::setup::{World, alarm, job};

const PYTHON: &str = "/usr/bin/python3";
const SCRIPT: &str = include_str!("aiosmtpd.py");

/// What the server is to be like.
pub struct Wanted {
    /// `none`, `starttls` or `tls`; with TLS it asks for the user `calendar`, whose password is `pässword`.
    pub tls: &'static str,
    /// Where it listens, on any port.
    pub address: &'static str,
    /// Ways to log in that it does not offer.
    pub without: &'static [&'static str],
    /// What everybody is told who logs in.
    pub refuses_login: &'static str,
    pub smtputf8: bool,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { tls: "none", address: "127.0.0.1", without: &[], refuses_login: "", smtputf8: true }
    }
}

/// The running server; it ends with the value.
pub struct Aiosmtpd {
    pub address: SocketAddr,
    pub certificate: Certificate,
    pub maildir: PathBuf,
    said: Lines<BufReader<ChildStdout>>,
    process: Child,
    _scratch: Scratch,
    _folder: TempDir,
}

impl Aiosmtpd {
    pub async fn start(wanted: Wanted) -> Self {
        let (scratch, folder) = (Scratch::new(), TempDir::new().unwrap());
        let (certificate, maildir) = (Certificate::make(&scratch), folder.path().join("maildir"));
        let arguments = json!({ "tls": wanted.tls, "address": wanted.address, "without": wanted.without,
            "refuses_login": wanted.refuses_login, "smtputf8": wanted.smtputf8, "maildir": maildir,
            "chain": certificate.chain, "key": certificate.key });
        let mut command = Command::new(PYTHON);
        command
            .args(["-W", "ignore", "-c", SCRIPT])
            .arg(arguments.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut process = command.kill_on_drop(true).spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = said.next_line().await.unwrap().expect("aiosmtpd starts; is python3-aiosmtpd installed?");
        let address = SocketAddr::new(wanted.address.parse().unwrap(), port.parse().unwrap());
        Self { address, certificate, maildir, said, process, _scratch: scratch, _folder: folder }
    }

    /// The next way in which somebody tried to log in.
    pub async fn login(&mut self) -> String {
        self.said.next_line().await.unwrap().unwrap()
    }

    /// Ends it: how often somebody tried to log in who was not asked for yet.
    pub async fn logins(mut self) -> usize {
        self.process.kill().await.unwrap();
        let mut logins = 0;
        while self.said.next_line().await.unwrap().is_some() {
            logins += 1;
        }
        logins
    }

    pub fn mails(&self) -> usize {
        std::fs::read_dir(self.maildir.join("new")).map_or(0, Iterator::count)
    }
}

/// Each mail of a maildir as Python's parser reads it, one line each.
async fn parsed(maildir: &std::path::Path) -> String {
    const READ: &str = r"
import mailbox, sys, email, email.policy
read = lambda file: email.message_from_binary_file(file, policy=email.policy.default)
for mail in sorted(mailbox.Maildir(sys.argv[1], factory=read), key=lambda mail: mail['To']):
    text, html = (mail.get_body([kind]).get_content() for kind in ('plain', 'html'))
    print('|'.join([mail['To'], mail['From'], mail['Subject'], mail['Auto-Submitted'], mail.get_content_type(),
        str(mail['Date'].datetime.year >= 2026), str(len(mail.defects)), text.replace('\r\n', '/').replace('\n', '/'),
        html.replace('\r\n', '').replace('\n', '')]))
";
    let output = Command::new(PYTHON).arg("-c").arg(READ).arg(maildir).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn aiosmtpd_takes_the_mails_and_python_reads_them() {
    let server = Aiosmtpd::start(Wanted::default()).await;
    let world = World::before(server.address).await;
    let mut alarm = alarm(&["carol@example.org", "bob@example.org"]);
    alarm.summary =
        "Lunch\r\nBcc: eve@example.org, café 🍲 and a title that is long enough to be folded twice".into();
    let job = job(alarm);
    world.run(&job).await.unwrap();
    world.run(&job).await.unwrap();
    let subject = "Lunch Bcc: eve@example.org, café 🍲 and a title that is long enough to be folded twice, Sun, Nov 22, 2099, 3:17\u{202f}AM";
    let lines = parsed(&server.maildir).await;
    let lines: Vec<_> = lines.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    for (line, to) in lines.into_iter().zip(["bob@example.org", "carol@example.org"]) {
        let start = format!(
            "{to}|Calendar <calendar@example.org>|{subject}|auto-generated|multipart/alternative|True|0|Lunch Bcc: "
        );
        assert!(line.starts_with(&start), "{line}\n{start}");
        assert!(line.contains("/Where: Café Müller, Köln/"), "{line}");
        assert!(line.contains("<h1 ") && line.ends_with("</html>"), "{line}");
        assert!(line.contains("//./Bring the plans//-- /"), "{line}");
    }
}
