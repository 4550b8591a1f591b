//! A gateway of texts that nobody here wrote: Prism, the mock server that Twilio names, judges each request by a part of
//! Twilio's own description and answers from it. It remembers nothing.

use std::{process::Command, time::Duration};

use tokio::net::TcpStream;

use crate::process::Process;
use crate::program::clients;
use crate::{Scratch, eventually, free_port};

/// Of github.com/twilio/twilio-oai: `POST …/Messages.json` and what it refers to.
const TWILIO: &str = include_str!("prism/twilio.json");
/// Node.js reads two hundred packages first.
const START_WITHIN: Duration = Duration::from_secs(60);

/// The running mock. It ends when this is dropped.
#[derive(Debug)]
pub struct Prism {
    _process: Process,
    port: u16,
    _scratch: Scratch,
}

impl Prism {
    /// Starts it on a port of 127.0.0.1, with answers of its own.
    ///
    /// # Panics
    /// When it is not installed, or does not listen in time.
    pub async fn start() -> Self {
        Self::run(&["mock"], None).await
    }

    /// Starts it in front of a server, which answers. A request or an answer that is not as described is an error 422 or 500.
    ///
    /// # Panics
    /// When it is not installed, or does not listen in time.
    pub async fn before(upstream: &str) -> Self {
        Self::run(&["proxy", "--errors"], Some(upstream)).await
    }

    async fn run(how: &[&str], upstream: Option<&str>) -> Self {
        let (scratch, port) = (Scratch::new(), free_port());
        let (description, node) = (scratch.join("twilio.json"), clients().join("bin/node"));
        std::fs::write(&description, TWILIO).expect("the folder is the test's");
        let prism = clients().join("judge/node_modules/@stoplight/prism-cli/dist/index.js");
        assert!(prism.exists(), "Prism is not installed: run tests/bench/judge/install");
        let mut command = Command::new(node);
        command.arg(prism);
        command.args(how).args(["--host", "127.0.0.1", "--port", &port.to_string()]);
        command.arg(&description).args(upstream);
        let mut process = Process::start("prism", &mut command, None).without_patience();
        eventually(START_WITHIN, "Prism listens", async || {
            process.assert_alive();
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        Self { _process: process, port, _scratch: scratch }
    }

    /// What stands in the place of `https://api.twilio.com`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}
