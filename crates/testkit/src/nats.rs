//! A real nats-server with JetStream for one test, in the oldest version that is served and in a current one.

mod builder;
mod client;

use std::path::Path;
use std::time::Duration;

pub use builder::Builder;
pub use client::Client;
use rustix::process::Signal;
use serde_json::Value;

use crate::process::Process;
use crate::{Scratch, eventually};

/// An orderly end writes JetStream's indexes; a busy machine takes a while.
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 2.9.10, of Debian 12's package `nats-server`.
    Debian,
    /// The one that `tests/clients/requirements.txt` pins.
    Current,
}

impl Version {
    /// Both, for tests that hold for each.
    pub const ALL: [Self; 2] = [Self::Debian, Self::Current];
}

/// A server on 127.0.0.1 with a store of its own. It ends when this is dropped.
#[derive(Debug)]
pub struct Nats {
    // Dropped in this order: the process first, then its store. None while it is down.
    process: Option<Process>,
    plan: Builder,
    ports: Ports,
    scratch: Scratch,
}

/// Where a server listens; the same after a restart.
#[derive(Debug, Clone, Copy)]
struct Ports {
    clients: u16,
    monitoring: u16,
}

impl Nats {
    /// A server without users, with JetStream.
    pub async fn start(version: Version) -> Self {
        Self::builder(version).start().await
    }

    /// A server with a configuration of the test's.
    #[must_use]
    pub fn builder(version: Version) -> Builder {
        Builder::new(version)
    }

    /// Its address for clients: `nats://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.ports.clients)
    }

    /// Its address for the client `user`, with the password in it.
    #[must_use]
    pub fn url_of(&self, user: &str, password: &str) -> String {
        format!("nats://{user}:{password}@127.0.0.1:{}", self.ports.clients)
    }

    /// Its port for clients.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.ports.clients
    }

    /// Which server it is.
    #[must_use]
    pub fn version(&self) -> Version {
        self.plan.version
    }

    /// The folder of its JetStream.
    #[must_use]
    pub fn store(&self) -> std::path::PathBuf {
        self.scratch.join(builder::STORE)
    }

    /// Ends it at once (SIGKILL), as a crash would.
    pub fn kill(&mut self) {
        // Dropping a process without patience kills it and waits for its end.
        self.process = None;
    }

    /// Has it end in order (SIGTERM), and waits until it has.
    pub async fn stop(&mut self) {
        let Some(process) = &mut self.process else { return };
        process.terminate();
        eventually(STOP_WITHIN, "nats-server ends", async || process.ended()).await;
        self.process = None;
    }

    /// Starts it on the same ports and the same store. What still runs is killed first.
    pub async fn restart(&mut self) {
        self.kill();
        let mut process = self.plan.run(&self.scratch);
        builder::wait(&mut process, self.ports).await;
        self.process = Some(process);
    }

    /// Puts another server in its place, that knows nothing of what was stored, on the same ports.
    pub async fn restart_empty(&mut self) {
        self.kill();
        let store = self.store();
        if Path::exists(&store) {
            std::fs::remove_dir_all(&store).expect("the store is the test's");
        }
        self.restart().await;
    }

    /// Has it neither run nor end (SIGSTOP): its connections stay open and nothing answers.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
        // A thread that runs goes on for a moment: what is asked from here on must not be answered by it.
        let process = self.process.as_ref().expect("nats-server runs");
        while !process.stands_still() {
            std::thread::yield_now();
        }
    }

    /// Lets it go on after [`Self::pause`].
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        self.process.as_ref().expect("nats-server runs").signal(signal);
    }

    /// What it prints, or its last lines if it has ended.
    #[must_use]
    pub fn said(&self) -> String {
        self.process.as_ref().map(|process| process.said().text()).unwrap_or_default()
    }

    /// What its monitoring port says of the whole server: memory, slow consumers, messages in and out.
    pub async fn varz(&self) -> Value {
        self.monitoring("varz").await
    }

    /// What its monitoring port says of the connections, with the subjects of their subscriptions.
    pub async fn connz(&self) -> Value {
        self.monitoring("connz?subs=1&limit=10000").await
    }

    /// What its monitoring port says of the subscriptions as a whole.
    pub async fn subsz(&self) -> Value {
        self.monitoring("subsz").await
    }

    /// What its monitoring port says of streams and their consumers.
    pub async fn jsz(&self) -> Value {
        self.monitoring("jsz?streams=1&consumers=1&config=1").await
    }

    /// A page of its monitoring port, like `varz`.
    ///
    /// # Panics
    /// When it does not run, or has no such page.
    pub async fn monitoring(&self, page: &str) -> Value {
        builder::page(self.ports, page).await.unwrap_or_else(|| panic!("nats-server shows no {page}"))
    }
}

#[cfg(test)]
mod tests;
