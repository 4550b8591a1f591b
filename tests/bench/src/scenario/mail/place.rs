//! A bus and a database of their own for one run.

use std::sync::Arc;

use bus::Bus;
use tempfile::TempDir;
use testkit::postgres::Postgres;

use crate::{
    Outcome,
    peer::Peer,
    server::{Helper, mailer, start_nats},
};

/// See the module. What it stands on ends when it is dropped.
pub struct Place {
    /// What [`mailer::bus`] opens.
    pub bus: String,
    database: String,
    nats: Option<Helper>,
    _postgres: Option<Arc<Postgres>>,
    folder: TempDir,
}

impl Place {
    /// An empty one.
    pub async fn new(peer: Peer) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let file = |name: &str| folder.path().join(name).display().to_string();
        if peer.on_nats().is_none() {
            let (bus, database) = (file("bus.db"), format!("sqlite://{}", file("store.db")));
            return Ok(Self { bus, database, nats: None, _postgres: None, folder });
        }
        let (nats, postgres) = (start_nats(peer)?, Postgres::shared().await);
        let database = postgres.url(&postgres.database());
        Ok(Self {
            bus: nats.said().to_owned(),
            database,
            nats: Some(nats),
            _postgres: Some(postgres),
            folder,
        })
    }

    /// Opens its bus, with the group of alarm mail made known.
    pub async fn bus(&self) -> Outcome<Arc<dyn Bus>> {
        mailer::make_known(&self.bus, &self.database).await?;
        mailer::bus(&self.bus).await
    }

    /// Starts notifyd on it as a process.
    pub fn notifyd(&self, smtp: &str, at_a_time: usize, mails: usize) -> Outcome<Helper> {
        let numbers = [at_a_time.to_string(), mails.to_string()];
        let arguments = ["part", "notifyd", &self.bus, &self.database, smtp, &numbers[0], &numbers[1]];
        Helper::start(&arguments, None)
    }

    /// Starts relay and notifyd on it as one process; relay's socket is `dlist` in the folder.
    pub fn site(&self, smtp: &str) -> Outcome<Helper> {
        Helper::start(&["part", "site", &self.bus, &self.database, smtp], Some(self.folder.path()))
    }

    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The process of NATS, if there is one.
    pub fn nats(&self) -> Option<u32> {
        self.nats.as_ref().map(Helper::id)
    }
}
