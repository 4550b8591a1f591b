//! How a server is described and started.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::{Nats, Ports, Version};
use crate::process::Process;
use crate::{Scratch, eventually, free_ports};

/// A start takes a tenth of a second; a busy machine gets much more.
const START_WITHIN: Duration = Duration::from_secs(30);
/// The folder of JetStream in the server's.
pub(super) const STORE: &str = "store";

const CONFIGURATION: &str = "nats.conf";

/// What the server is to be; see [`Nats::builder`].
#[derive(Debug, Clone)]
pub struct Builder {
    pub(super) version: Version,
    configuration: String,
    files: Vec<(String, String)>,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Builder {
    pub(super) fn new(version: Version) -> Self {
        Self {
            version,
            configuration: String::new(),
            files: Vec::new(),
            arguments: Vec::new(),
            environment: Vec::new(),
        }
    }

    /// More text of its configuration. Addresses and JetStream's store are the test's, whatever the text says of them.
    #[must_use]
    pub fn config(mut self, text: &str) -> Self {
        self.configuration.push_str(text);
        self.configuration.push('\n');
        self
    }

    /// A file beside its configuration, for `include "name"`.
    #[must_use]
    pub fn file(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    /// The file that an operator is given, at `path`, with what lies beside it for it to include.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn config_file(mut self, path: &Path) -> Self {
        let (folder, name) = (path.parent().expect("a file"), path.file_name().expect("a file"));
        for entry in std::fs::read_dir(folder).expect("the folder is there").flatten() {
            let text = std::fs::read_to_string(entry.path()).expect("it is text");
            self = self.file(&entry.file_name().to_string_lossy(), &text);
        }
        self.config(&format!("include \"{}\"", name.to_string_lossy()))
    }

    /// One more argument of the command line.
    #[must_use]
    pub fn arg(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// A variable for `$NAME` in its configuration.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts the server and waits until its JetStream is ready.
    ///
    /// # Panics
    /// When the server is not installed, or not ready in time.
    pub async fn start(self) -> Nats {
        let [clients, monitoring] = free_ports();
        let ports = Ports { clients, monitoring };
        let scratch = Scratch::new();
        let configuration = (CONFIGURATION, self.text(&scratch, ports));
        let files = self.files.iter().map(|(name, text)| (name.as_str(), text.clone()));
        for (name, text) in files.chain([configuration]) {
            std::fs::write(scratch.join(name), text).expect("the folder is ours");
        }
        let mut process = self.run(&scratch);
        wait(&mut process, ports).await;
        Nats { process: Some(process), plan: self, ports, scratch }
    }

    /// The whole configuration. nats-server takes the last of several values of a key, so what is the test's comes last;
    /// `listen` is another key than `host` and `port`, and which of them wins is chance.
    fn text(&self, scratch: &Scratch, ports: Ports) -> String {
        assert!(!self.said("listen:"), "say host and port: which of them and listen wins is chance");
        format!(
            "{}\nhost: 127.0.0.1\nport: {}\nhttp: \"127.0.0.1:{}\"\n\
             jetstream {{ store_dir: \"{}\", max_memory_store: 64MB, max_file_store: 4GB }}\n",
            self.configuration,
            ports.clients,
            ports.monitoring,
            scratch.join(STORE).display(),
        )
    }

    fn said(&self, start: &str) -> bool {
        let texts = self.files.iter().map(|(_, text)| text).chain([&self.configuration]);
        texts.flat_map(|text| text.lines()).any(|line| line.starts_with(start))
    }

    /// Starts the process for what lies in `scratch`.
    pub(super) fn run(&self, scratch: &Scratch) -> Process {
        let program = self.version.program();
        assert!(program.exists(), "{} is not installed: run tests/run --prepare", program.display());
        let mut command = Command::new(&program);
        command.arg("--config").arg(scratch.join(CONFIGURATION)).args(&self.arguments);
        command.env_clear().envs(self.environment.iter().cloned());
        let name = format!("nats-server ({:?})", self.version);
        Process::start(&name, &mut command, None).without_patience()
    }
}

impl Version {
    fn program(self) -> PathBuf {
        match self {
            Self::Debian => PathBuf::from("/usr/sbin/nats-server"),
            Self::Current => crate::program::clients().join("bin/nats-server"),
        }
    }
}

/// Waits until the server and its JetStream are ready.
pub(super) async fn wait(process: &mut Process, ports: Ports) {
    eventually(START_WITHIN, "nats-server is ready", async || {
        process.assert_alive();
        (page(ports, "healthz").await?["status"] == "ok").then_some(())
    })
    .await;
}

/// A page of the monitoring port, if there is one.
pub(super) async fn page(ports: Ports, name: &str) -> Option<Value> {
    let url = format!("http://127.0.0.1:{}/{name}", ports.monitoring);
    let response = crate::http_client().get(url).send().await.ok()?;
    response.error_for_status().ok()?.json().await.ok()
}
