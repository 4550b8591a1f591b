//! Where jobs and rows outlive notifyd.

use std::{env, path::PathBuf, sync::Arc, time::Duration};

use bus::{Bus, Message};
use bus_local::{LocalBus, LocalBusSettings};
use bus_nats::{NatsBus, NatsSettings};
use bus_node::Surroundings;
use notifyd::{Notifyd, Settings};
use prometheus_client::registry::Registry;
use rusqlite::Connection;
use store::Store;
use tempfile::TempDir;
use testkit::{
    nats::{Nats, Version},
    postgres::Postgres,
};
use tokio::process::Command;

const FILE: &str = "NOTIFYD_TEST_KILL_FILE";
const NATS: &str = "NOTIFYD_TEST_KILL_NATS";
const DATABASE: &str = "NOTIFYD_TEST_KILL_DATABASE";

/// Longer than a writer holds SQLite's lock.
const PATIENCE: Duration = Duration::from_secs(60);
/// The shortest that NATS may wait for a sign of life of a dead node.
const ACK_WAIT: Duration = Duration::from_secs(1);

/// A pair of a bus and a database.
pub struct Place {
    jobs: Jobs,
    rows: Rows,
    /// The address of the database.
    url: String,
    /// Holds their files.
    _folder: Option<TempDir>,
    nats: Option<Nats>,
}

enum Jobs {
    Local(PathBuf),
    Nats(String),
}

/// How the harness looks at the rows.
enum Rows {
    Postgres(Arc<Postgres>, String),
    Sqlite(PathBuf),
    /// Not at all: this is the victim's side.
    Unseen,
}

/// A bus that can be closed.
pub enum Opened {
    Local(LocalBus),
    Nats(NatsBus),
}

/// The pair with this number, modulo four: the version of NATS, where that is the bus, one and the other in turn; and
/// whether the database is PostgreSQL.
pub fn parts(pair: u64) -> (Option<Version>, bool) {
    let version = if (pair / 4).is_multiple_of(2) { Version::Debian } else { Version::Current };
    let four = pair % 4;
    ((four >= 2).then_some(version), four == 1 || four == 2)
}

impl Place {
    /// The pair with this number, as [`parts`] says.
    pub async fn new(pair: u64, postgres: &Arc<Postgres>) -> Self {
        let folder = TempDir::new().unwrap();
        let (version, is_postgres) = parts(pair);
        let nats = match version {
            None => None,
            Some(version) => Some(Nats::start(version).await),
        };
        let jobs = match &nats {
            None => Jobs::Local(folder.path().join("bus.sqlite")),
            Some(nats) => Jobs::Nats(nats.url()),
        };
        let (rows, url) = if is_postgres {
            let name = postgres.database();
            let url = postgres.url(&name);
            (Rows::Postgres(postgres.clone(), name), url)
        } else {
            let file = folder.path().join("store.sqlite");
            let url = format!("sqlite://{}", file.display());
            (Rows::Sqlite(file), url)
        };
        Self { jobs, rows, url, _folder: Some(folder), nats }
    }

    /// The one that the harness chose, if this process is notifyd.
    pub fn of_the_victim() -> Option<Self> {
        let text = |name| env::var(name).ok();
        let jobs = match text(FILE) {
            Some(file) => Jobs::Local(file.into()),
            None => Jobs::Nats(text(NATS)?),
        };
        Some(Self { jobs, rows: Rows::Unseen, url: text(DATABASE)?, _folder: None, nats: None })
    }

    pub fn name(&self) -> &'static str {
        let version = self.nats.as_ref().map(Nats::version);
        match (&self.rows, version) {
            (Rows::Postgres(..), None) => "PostgreSQL, bus on disk",
            (Rows::Postgres(..), Some(Version::Debian)) => "PostgreSQL, NATS 2.9.10",
            (Rows::Postgres(..), Some(Version::Current)) => "PostgreSQL, NATS 2.15.1",
            (_, None) => "SQLite, bus on disk",
            (_, Some(Version::Debian)) => "SQLite, NATS 2.9.10",
            (_, Some(Version::Current)) => "SQLite, NATS 2.15.1",
        }
    }

    /// Tells a victim where it is.
    pub fn tell(&self, command: &mut Command) {
        command.env(DATABASE, &self.url);
        match &self.jobs {
            Jobs::Local(file) => command.env(FILE, file),
            Jobs::Nats(url) => command.env(NATS, url),
        };
    }

    pub async fn bus(&self) -> Opened {
        match &self.jobs {
            Jobs::Local(file) => Opened::Local(LocalBus::open(file, LocalBusSettings::default()).unwrap()),
            Jobs::Nats(url) => {
                let settings = NatsSettings {
                    servers: vec![url.clone()],
                    ack_wait: ACK_WAIT,
                    ..NatsSettings::default()
                };
                Opened::Nats(NatsBus::connect(settings, Surroundings::default()).await.unwrap())
            }
        }
    }

    pub async fn store(&self) -> Store {
        Store::open(&store::Settings::at(self.url.clone()), "/nowhere".as_ref()).await.unwrap()
    }

    /// Has the bus keep jobs for the groups that notifyd has with `settings`.
    pub async fn prepare(&self, settings: Settings) {
        let (bus, store, mut registry) = (self.bus().await, self.store().await, Registry::default());
        let notifyd = Notifyd::start(settings, b"site", bus.shared(), store.clone(), &mut registry).await;
        drop(notifyd.unwrap());
        bus.close().await;
        store.close().await;
    }

    pub async fn dispatch(&self, jobs: impl IntoIterator<Item = Message>) {
        let bus = self.bus().await;
        for job in jobs {
            bus.shared().dispatch(job, &[]).await.unwrap();
        }
        bus.close().await;
    }

    /// What `sql` finds, in one column of text.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        match &self.rows {
            Rows::Postgres(server, name) => server.rows(name, sql),
            Rows::Sqlite(file) => {
                let database = Connection::open(file).unwrap();
                database.busy_timeout(PATIENCE).unwrap();
                let mut statement = database.prepare(sql).unwrap();
                let rows = statement.query_map([], |row| row.get(0)).unwrap();
                rows.collect::<Result<_, _>>().unwrap()
            }
            Rows::Unseen => panic!("a victim does not look"),
        }
    }

    /// Runs statements that find nothing.
    pub fn execute(&self, sql: &str) {
        match &self.rows {
            Rows::Postgres(server, name) => server.sql(name, sql),
            Rows::Sqlite(file) => {
                let database = Connection::open(file).unwrap();
                database.busy_timeout(PATIENCE).unwrap();
                database.execute_batch(sql).unwrap();
            }
            Rows::Unseen => panic!("a victim does not look"),
        }
    }

    /// One column of the effects for which `condition` holds.
    fn select(&self, column: &str, condition: &str) -> Vec<String> {
        self.rows(&format!("SELECT {column} FROM effects WHERE {condition}"))
    }

    pub fn count(&self, condition: &str) -> u64 {
        self.select("message_id", condition).len() as u64
    }

    /// The Message-IDs of mails that may have been taken, each with a space and the count of the attempt behind it.
    pub fn in_doubt(&self) -> Vec<String> {
        self.select("message_id || ' ' || attempts", "state = 'sending'")
    }
}

impl Opened {
    pub fn shared(&self) -> Arc<dyn Bus> {
        match self {
            Self::Local(bus) => Arc::new(bus.clone()),
            Self::Nats(bus) => Arc::new(bus.clone()),
        }
    }

    pub async fn close(&self) {
        match self {
            Self::Local(bus) => bus.close().await,
            Self::Nats(bus) => bus.close().await,
        }
    }
}
