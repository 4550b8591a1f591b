//! How a server is described and started.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::{Cyrus, Notify, Ports, Profile, Separator, accounts, conf};
use crate::process::Process;
use crate::{Scratch, eventually, free_ports};

/// Where Debian keeps the programs.
const PROGRAMS: &str = "/usr/lib/cyrus/bin";
/// A start takes a second; a busy machine gets much more.
const START_WITHIN: Duration = Duration::from_secs(60);

/// What the server is to be; see [`Cyrus::builder`].
#[derive(Debug, Clone)]
pub struct Builder {
    pub(super) notify: Notify,
    pub(super) profile: Profile,
    pub(super) separator: Separator,
    pub(super) default_domain: String,
    pub(super) lines: Vec<String>,
}

impl Builder {
    pub(super) fn new(notify: Notify) -> Self {
        Self {
            notify,
            profile: Profile::Full,
            separator: Separator::Slash,
            default_domain: "example.org".to_owned(),
            lines: Vec::new(),
        }
    }

    /// Another set of notifications.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Another separator between folder names.
    #[must_use]
    pub fn separator(mut self, separator: Separator) -> Self {
        self.separator = separator;
        self
    }

    /// Another default domain.
    #[must_use]
    pub fn default_domain(mut self, domain: &str) -> Self {
        domain.clone_into(&mut self.default_domain);
        self
    }

    /// One more line of `imapd.conf`; it replaces a line with the same option.
    #[must_use]
    pub fn line(mut self, line: &str) -> Self {
        self.lines.push(line.to_owned());
        self
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Panics
    /// When Cyrus is not installed, or does not answer in time.
    pub async fn start(self) -> Cyrus {
        let master = Path::new(PROGRAMS).join("master");
        assert!(master.exists(), "cyrus-imapd is not installed: run tests/run");
        let scratch = Scratch::new();
        let [imap, http, lmtp, sieve] = free_ports();
        let ports = Ports { imap, http, lmtp, sieve };
        conf::write(&scratch, &self, ports);
        accounts::create(&scratch, &self.default_domain);
        give_to_cyrus(scratch.path());
        let process = Process::start("cyrus", &mut command(&master, &scratch), marker(&scratch));
        let mut cyrus = Cyrus { process, ports, default_domain: self.default_domain, scratch };
        cyrus.wait().await;
        cyrus
    }
}

impl Cyrus {
    async fn wait(&mut self) {
        let ports = self.ports;
        let process = &mut self.process;
        eventually(START_WITHIN, "cyrus answers on IMAP, LMTP, HTTP and ManageSieve", async || {
            process.assert_alive();
            let greeted = greets(ports.imap).await && greets(ports.lmtp).await && greets(ports.sieve).await;
            (greeted && TcpStream::connect(("127.0.0.1", ports.http)).await.is_ok()).then_some(())
        })
        .await;
    }
}

/// The text in the command line of every process of this server.
fn marker(scratch: &Scratch) -> Option<String> {
    Some(scratch.join("conf/imapd.conf").display().to_string())
}

fn command(master: &Path, scratch: &Scratch) -> Command {
    let mut command = Command::new(master);
    command.arg("-D").arg("-C").arg(scratch.join("conf/imapd.conf"));
    command.arg("-M").arg(scratch.join("conf/cyrus.conf")).arg("-p").arg(scratch.join("master.lock"));
    command
}

fn give_to_cyrus(folder: &Path) {
    let status = Command::new("chown").args(["-R", "cyrus:mail"]).arg(folder).status().expect("chown exists");
    assert!(status.success(), "the scratch folder cannot be given to the user cyrus: run the tests as root");
}

/// Whether a server on `port` speaks first.
async fn greets(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else {
        return false;
    };
    stream.read_u8().await.is_ok()
}
