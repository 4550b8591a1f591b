//! The mail as a server and a parser see it that were not written here: aiosmtpd and Python's email package.

use std::{
    net::SocketAddr,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
};

use crate::setup::{World, alarm, job};

const PYTHON: &str = "/usr/bin/python3";
const DEADLINE: Duration = Duration::from_secs(20);

/// Starts aiosmtpd with a maildir; it ends with the value.
async fn server(maildir: &Path) -> (Child, SocketAddr) {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let child = Command::new(PYTHON)
        .args(["-m", "aiosmtpd", "-n", "-l", &free.to_string(), "-c", "aiosmtpd.handlers.Mailbox"])
        .arg(maildir)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let began = Instant::now();
    while TcpStream::connect(free).await.is_err() {
        assert!(began.elapsed() < DEADLINE, "aiosmtpd does not listen; is python3-aiosmtpd installed?");
        tokio::task::yield_now().await;
    }
    (child, free)
}

/// Each mail of a maildir as Python's parser reads it, one line each.
async fn parsed(maildir: &Path) -> String {
    const SCRIPT: &str = r"
import mailbox, sys, email, email.policy
read = lambda file: email.message_from_binary_file(file, policy=email.policy.default)
for mail in sorted(mailbox.Maildir(sys.argv[1], factory=read), key=lambda mail: mail['To']):
    text, html = (mail.get_body([kind]).get_content() for kind in ('plain', 'html'))
    print('|'.join([mail['To'], mail['From'], mail['Subject'], mail['Auto-Submitted'], mail.get_content_type(),
        str(mail['Date'].datetime.year >= 2026), str(len(mail.defects)), text.replace('\r\n', '/').replace('\n', '/'),
        html.replace('\r\n', '').replace('\n', '')]))
";
    let output = Command::new(PYTHON).arg("-c").arg(SCRIPT).arg(maildir).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn aiosmtpd_takes_the_mails_and_python_reads_them() {
    let folder = TempDir::new().unwrap();
    let maildir = folder.path().join("maildir");
    let (_server, address) = server(&maildir).await;
    let world = World::before(address).await;
    let mut alarm = alarm(&["carol@example.org", "bob@example.org"]);
    alarm.summary =
        "Lunch\r\nBcc: eve@example.org, café 🍲 and a title that is long enough to be folded twice".into();
    let job = job(alarm);
    world.run(&job).await.unwrap();
    world.run(&job).await.unwrap();
    let subject = "Lunch Bcc: eve@example.org, café 🍲 and a title that is long enough to be folded twice, Sun, Nov 22, 2099, 3:17\u{202f}AM";
    let lines = parsed(&maildir).await;
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
