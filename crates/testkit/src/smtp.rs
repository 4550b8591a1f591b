//! A real SMTP server that nobody here wrote: Debian's aiosmtpd, with a maildir behind it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;

use crate::process::Process;
use crate::{Scratch, eventually, free_port};

/// The system's own Python: it is the one that sees Debian's packages.
const PYTHON: &str = "/usr/bin/python3";
const START_WITHIN: Duration = Duration::from_secs(30);

/// Reads every mail of a maildir with Python's own parser and prints one JSON array.
const READ_MAILDIR: &str = r#"
import email, email.policy, json, os, sys
def part(p):
    if p.get_content_maintype() != "text":
        return {"type": p.get_content_type(), "text": None}
    return {"type": p.get_content_type(), "text": p.get_content()}
def mail(path):
    with open(path, "rb") as file:
        m = email.message_from_binary_file(file, policy=email.policy.default)
    leaves = [p for p in m.walk() if not p.is_multipart()]
    return {"headers": [[k, str(v)] for k, v in m.items()], "parts": [part(p) for p in leaves]}
new = os.path.join(sys.argv[1], "new")
names = sorted(os.listdir(new), key=lambda n: os.stat(os.path.join(new, n)).st_mtime_ns) if os.path.isdir(new) else []
print(json.dumps([mail(os.path.join(new, n)) for n in names]))
"#;

/// The running server. It takes every mail for everybody.
#[derive(Debug)]
pub struct RealSmtp {
    _process: Process,
    port: u16,
    maildir: PathBuf,
    _scratch: Scratch,
}

/// A mail as Python's standard parser reads it, encoded words and transfer encodings undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Name and value of every header, in order. `X-MailFrom` and `X-RcptTo` are the envelope.
    pub headers: Vec<(String, String)>,
    /// Type (`text/plain`) and text of every part that is a leaf; the text of others is `None`.
    pub parts: Vec<(String, Option<String>)>,
}

impl RealSmtp {
    /// Starts it on a port of 127.0.0.1 and waits for its banner.
    ///
    /// # Panics
    /// When aiosmtpd is not installed, or does not answer in time.
    pub async fn start() -> Self {
        let scratch = Scratch::new();
        let maildir = scratch.join("maildir");
        let port = free_port();
        let mut command = Command::new(PYTHON);
        command.args(["-m", "aiosmtpd", "-n", "-l", &format!("127.0.0.1:{port}")]);
        command.args(["-c", "aiosmtpd.handlers.Mailbox"]).arg(&maildir);
        let mut process = Process::start("aiosmtpd", &mut command, None);
        eventually(START_WITHIN, "aiosmtpd greets", async || {
            if process.ended().is_some() {
                panic!("python3-aiosmtpd is not installed: run tests/run\n{}", process.said().text());
            }
            greeted(port).await.then_some(())
        })
        .await;
        Self { _process: process, port, maildir, _scratch: scratch }
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The mails it took so far, oldest first.
    pub async fn mails(&self) -> Vec<Mail> {
        let maildir = self.maildir.clone();
        let read = tokio::task::spawn_blocking(move || read(&maildir));
        read.await.expect("the mails can be read")
    }

    /// Waits until it has taken `count` mails, and returns all it has.
    pub async fn wait_for_mails(&self, count: usize, deadline: Duration) -> Vec<Mail> {
        let what = format!("the SMTP server has {count} mails");
        eventually(deadline, &what, async || {
            // Counting files is cheap; Python reads them once they are there.
            if self.count() < count {
                return None;
            }
            Some(self.mails().await)
        })
        .await
    }

    fn count(&self) -> usize {
        std::fs::read_dir(self.maildir.join("new")).map_or(0, Iterator::count)
    }
}

impl Mail {
    /// The first header called `name`, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The text of the first `text/plain` part.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        let found = self.parts.iter().find(|(kind, _)| kind == "text/plain");
        found.and_then(|(_, text)| text.as_deref())
    }
}

async fn greeted(port: u16) -> bool {
    let Ok(stream) = TcpStream::connect(("127.0.0.1", port)).await else {
        return false;
    };
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.is_ok() && line.starts_with("220")
}

fn read(maildir: &Path) -> Vec<Mail> {
    let output =
        Command::new(PYTHON).args(["-c", READ_MAILDIR]).arg(maildir).output().expect("python3 starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mails: Vec<Value> = serde_json::from_slice(&output.stdout).expect("the script prints JSON");
    mails.iter().map(mail).collect()
}

fn mail(value: &Value) -> Mail {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |name: &str| value[name].as_array().cloned().unwrap_or_default();
    Mail {
        headers: list("headers").iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect(),
        parts: list("parts")
            .iter()
            .map(|part| (text(&part["type"]), part["text"].as_str().map(str::to_owned)))
            .collect(),
    }
}
