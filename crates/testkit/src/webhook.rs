//! A host that takes POSTs over HTTPS and that nobody here wrote: Python's own server, with the Standard Webhooks library
//! as the judge of signatures.

use std::{collections::BTreeMap, path::PathBuf, process::Command, time::Duration};

use serde_json::Value;
use tokio::net::TcpStream;

use crate::certificate::Certificate;
use crate::process::Process;
use crate::program::clients;
use crate::{Scratch, eventually, free_port};

const TAKER: &str = include_str!("webhook.py");
const START_WITHIN: Duration = Duration::from_secs(30);

/// The running host.
#[derive(Debug)]
pub struct Taker {
    _process: Process,
    port: u16,
    certificate: Certificate,
    scratch: Scratch,
}

/// A POST that it was sent.
#[derive(Debug, Clone)]
pub struct Posted {
    /// With the query.
    pub path: String,
    /// By lower-case names.
    pub headers: BTreeMap<String, String>,
    /// The body as it came.
    pub body: String,
    /// What the library says of its signature and its time.
    pub is_authentic: bool,
}

impl Taker {
    /// What signs what it takes.
    pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    /// Starts it on a port of 127.0.0.1, with a certificate for `localhost`.
    ///
    /// # Panics
    /// When the clients are not installed, or it does not listen in time.
    pub async fn start() -> Self {
        let (scratch, port) = (Scratch::new(), free_port());
        let certificate = Certificate::make(&scratch);
        let python = clients().join("bin/python");
        assert!(python.exists(), "clients are not installed: run tests/run --prepare");
        let mut command = Command::new(python);
        command.args(["-c", TAKER, &port.to_string()]).arg(&certificate.chain).arg(&certificate.key);
        command.arg(Self::SECRET).arg(scratch.join("posts"));
        let mut process = Process::start("webhook.py", &mut command, None);
        eventually(START_WITHIN, "the host of webhooks listens", async || {
            assert!(process.ended().is_none(), "{}", process.said().text());
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        Self { _process: process, port, certificate, scratch }
    }

    /// The URL of a path, which begins with what is to be answered: `204`, `503,200`, `silence`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}/{path}", self.port)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate that it shows.
    #[must_use]
    pub fn chain(&self) -> PathBuf {
        self.certificate.chain.clone()
    }

    /// What it was sent so far, the oldest first.
    ///
    /// # Panics
    /// When its own lines cannot be read.
    #[must_use]
    pub fn posts(&self) -> Vec<Posted> {
        let lines = std::fs::read_to_string(self.scratch.join("posts")).unwrap_or_default();
        // The last line may be half written.
        lines.split_inclusive('\n').filter(|line| line.ends_with('\n')).map(Posted::read).collect()
    }

    /// Waits until it was sent `count`, and returns all.
    pub async fn wait_for_posts(&self, count: usize, deadline: Duration) -> Vec<Posted> {
        eventually(deadline, &format!("{count} POSTs are there"), async || {
            let posts = self.posts();
            (posts.len() >= count).then_some(posts)
        })
        .await
    }
}

impl Posted {
    fn read(line: &str) -> Self {
        let value: Value = serde_json::from_str(line).expect("the host writes JSON");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let headers = value["headers"].as_object().expect("an object");
        Self {
            path: text(&value["path"]),
            headers: headers.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
            body: text(&value["body"]),
            is_authentic: value["is_authentic"] == true,
        }
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }
}
