//! A real PostgreSQL: Debian's, on a cluster of its own in a temporary folder.
//!
//! [`Postgres::shared`] is the server for most tests, with a fresh database for each; [`Postgres::start`] is one for a
//! test that has its server fail.

mod cluster;

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::Mutex;

use crate::certificate::Certificate;
use crate::process::Process;
use crate::{Scratch, eventually, free_port};
use cluster::{Cluster, program};

/// The password of the role `mailpush` where one is asked for.
pub const PASSWORD: &str = "open sesame /@:?#";
/// The role that owns every database.
pub const ROLE: &str = "mailpush";

const START_WITHIN: Duration = Duration::from_secs(60);
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// The server that tests of one process share; the last of those that run at a time takes it with them.
static SHARED: Mutex<Weak<Postgres>> = Mutex::const_new(Weak::new());

/// A server on 127.0.0.1. It ends when this is dropped.
#[derive(Debug)]
pub struct Postgres {
    // Dropped in this order: the process first, then its files. None while it is down.
    process: Option<Process>,
    cluster: Cluster,
    port: u16,
    databases: AtomicU32,
    certificate: Option<Certificate>,
    _scratch: Scratch,
}

impl Postgres {
    /// A server for this test alone. It trusts every connection from this machine.
    ///
    /// # Panics
    /// When PostgreSQL is not installed, or does not start.
    pub async fn start() -> Self {
        let scratch = Scratch::new();
        Self::start_in(scratch, None).await
    }

    /// The same, but it takes only connections with TLS that say [`PASSWORD`] (by SCRAM).
    pub async fn start_with_tls() -> Self {
        let scratch = Scratch::new();
        let certificate = Certificate::make(&scratch);
        Self::start_in(scratch, Some(certificate)).await
    }

    /// The server that the tests of this process share. Let it run: others use it.
    pub async fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().await;
        if let Some(running) = shared.upgrade() {
            return running;
        }
        let started = Arc::new(Self::start().await);
        *shared = Arc::downgrade(&started);
        started
    }

    async fn start_in(scratch: Scratch, certificate: Option<Certificate>) -> Self {
        let cluster = Cluster::make(&scratch, certificate.as_ref());
        let port = free_port();
        let databases = AtomicU32::new(0);
        let mut server = Self { process: None, cluster, port, databases, certificate, _scratch: scratch };
        server.restart().await;
        server
    }

    /// Makes an empty database, and returns its name.
    #[must_use]
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// The address of a database, without a password.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{ROLE}@127.0.0.1:{}/{database}", self.port)
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its first process, of which all others are children.
    ///
    /// # Panics
    /// While it is down.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.as_ref().expect("PostgreSQL runs").id()
    }

    /// What it shows to clients of TLS.
    ///
    /// # Panics
    /// When it was started without.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        self.certificate.as_ref().expect("it was started with TLS")
    }

    /// Runs `script` with PostgreSQL's own client, as the owner of everything; the rows, columns parted by `|`.
    ///
    /// # Panics
    /// With the server's words when it refuses.
    #[must_use]
    pub fn rows(&self, database: &str, script: &str) -> Vec<String> {
        let mut command = Command::new(program("psql"));
        command.args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", ROLE, "-d", database]);
        command.args(["-p", &self.port.to_string(), "-c", script]);
        command.env("PGPASSWORD", PASSWORD);
        let output = command.output().expect("psql is there");
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    }

    /// [`Self::rows`], for what gives none.
    pub fn sql(&self, database: &str, script: &str) {
        let rows = self.rows(database, script);
        assert!(rows.is_empty(), "{script} gave rows: {rows:?}");
    }

    /// Starts it on the same port with what it had. What still runs is killed first.
    pub async fn restart(&mut self) {
        self.kill().await;
        let mut process = Process::start("postgres", &mut self.cluster.server(self.port), None);
        eventually(START_WITHIN, "PostgreSQL takes connections", async || {
            process.assert_alive();
            process.said().line_with("ready to accept connections")
        })
        .await;
        self.process = Some(process);
    }

    /// Has it end in order, and waits until it has; connections are cut with a word to their clients.
    pub async fn stop(&mut self) {
        self.end(Signal::INT).await;
    }

    /// Ends it as a crash would: connections break, and it has to recover at its next start.
    pub async fn kill(&mut self) {
        self.end(Signal::QUIT).await;
    }

    async fn end(&mut self, signal: Signal) {
        let Some(process) = &mut self.process else { return };
        // SIGKILL would leave its shared memory behind.
        process.signal(signal);
        eventually(STOP_WITHIN, "PostgreSQL ends", async || process.ended()).await;
        self.process = None;
    }

    /// Has it neither run nor end (SIGSTOP): its connections stay open and nothing answers.
    pub fn pause(&self) {
        self.signal_all(Signal::STOP);
    }

    /// Lets it go on after [`Self::pause`].
    pub fn resume(&self) {
        self.signal_all(Signal::CONT);
    }

    /// Has only those of its processes stand still that serve `database`'s open connections, as when the network loses
    /// them: further ones are served. How many they are.
    #[must_use]
    pub fn pause_connections(&self, database: &str) -> usize {
        let mut paused = 0;
        let serves = format!(" {database} 127.0.0.1(");
        for child in children(self.process.as_ref().expect("PostgreSQL runs").id()) {
            let title = std::fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
            if String::from_utf8_lossy(&title).contains(&serves) {
                // It may have ended since.
                paused += usize::from(kill_process(child, Signal::STOP).is_ok());
            }
        }
        paused
    }

    /// The postmaster first, so that it starts no more of those that serve connections.
    fn signal_all(&self, signal: Signal) {
        let process = self.process.as_ref().expect("PostgreSQL runs");
        process.signal(signal);
        for child in children(process.id()) {
            kill_process(child, signal).ok(); // It may have ended since.
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(process) = &self.process {
            self.signal_all(Signal::CONT);
            // Waiting for it is what dropping the process does.
            process.signal(Signal::QUIT);
        }
    }
}

/// The processes whose parent is `parent`.
fn children(parent: u32) -> Vec<Pid> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let child = |process: std::fs::DirEntry| {
        let id: i32 = process.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(process.path().join("stat")).ok()?;
        // After the name, which is in brackets and may hold anything: the state, then the parent.
        let of: u32 = stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()?;
        (of == parent).then(|| Pid::from_raw(id))?
    };
    processes.filter_map(child).collect()
}

#[cfg(test)]
mod tests;
