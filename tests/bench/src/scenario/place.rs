//! A bus and a database of their own for one run.

use std::sync::Arc;

use bus::Bus;
use rusqlite::Connection;
use tempfile::TempDir;
use testkit::postgres::Postgres;

use crate::{
    Outcome,
    peer::Peer,
    server::{Helper, mailer, start_nats},
};

/// The database where there is no server.
const FILE: &str = "store.db";

/// See the module. What it stands on ends when it is dropped.
pub struct Place {
    /// What [`mailer::bus`] opens.
    pub bus: String,
    /// Its URL.
    pub database: String,
    nats: Option<Helper>,
    postgres: Option<(Arc<Postgres>, String)>,
    folder: TempDir,
}

impl Place {
    /// An empty one.
    pub async fn new(peer: Peer) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let file = |name: &str| folder.path().join(name).display().to_string();
        if peer.on_nats().is_none() {
            let (bus, database) = (file("bus.db"), format!("sqlite://{}", file(FILE)));
            return Ok(Self { bus, database, nats: None, postgres: None, folder });
        }
        let (nats, postgres) = (start_nats(peer)?, Postgres::shared().await);
        let name = postgres.database();
        let (bus, database) = (nats.said().to_owned(), postgres.url(&name));
        Ok(Self { bus, database, nats: Some(nats), postgres: Some((postgres, name)), folder })
    }

    /// Opens its bus, with the group of alarm mail made known.
    pub async fn bus(&self) -> Outcome<Arc<dyn Bus>> {
        mailer::make_known(&self.bus, &self.database).await?;
        self.open_bus().await
    }

    /// Opens its bus.
    pub async fn open_bus(&self) -> Outcome<Arc<dyn Bus>> {
        mailer::bus(&self.bus).await
    }

    /// What an operator does to the tables by hand, once they are there.
    pub fn by_hand(&self, script: &str) -> Outcome<()> {
        match &self.postgres {
            Some((server, name)) => server.sql(name, script),
            None => Connection::open(self.folder.path().join(FILE))?.execute_batch(script)?,
        }
        Ok(())
    }

    /// Starts notifyd on it as a process, with so many mails at a time over so many connections.
    pub fn notifyd(&self, smtp: &str, at_a_time: usize, connections: usize, mails: usize) -> Outcome<Helper> {
        let numbers = [at_a_time, connections, mails].map(|number| number.to_string());
        let arguments =
            ["part", "notifyd", &self.bus, &self.database, smtp, &numbers[0], &numbers[1], &numbers[2]];
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

    /// The process of PostgreSQL, if there is one.
    pub fn postgres(&self) -> Option<u32> {
        self.postgres.as_ref().map(|(server, _)| server.id())
    }
}
