//! An empty database of either engine.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use mailbox_event::{Account, UnixMillis};
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use store::{Beginning, EventKey, Reader, RecipientKey, Settings, Store};
use tempfile::TempDir;
use testkit::postgres::Postgres;

pub const NOW: UnixMillis = UnixMillis(1_795_000_000_000);

/// Another one each time.
pub fn beginning() -> Beginning {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    // Also such as are negative in SQL.
    Beginning(u64::MAX / 2 + COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A database for one test.
pub enum Fixture {
    Postgres { server: Arc<Postgres>, name: String },
    Sqlite { folder: TempDir },
}

impl Fixture {
    pub async fn postgres() -> Self {
        let server = Postgres::shared().await;
        let name = server.database();
        Self::Postgres { server, name }
    }

    pub async fn sqlite() -> Self {
        Self::Sqlite { folder: TempDir::new().unwrap() }
    }

    pub fn settings(&self) -> Settings {
        Settings::at(match self {
            Self::Postgres { server, name } => server.url(name),
            Self::Sqlite { folder } => folder.path().join("db.sqlite").display().to_string(),
        })
    }

    /// Each is a node of its own.
    pub async fn open(&self) -> Store {
        open(&self.settings()).await
    }

    /// What an operator does by hand.
    pub async fn by_hand(&self, script: &str) {
        match self {
            Self::Postgres { server, name } => server.sql(name, script),
            Self::Sqlite { folder } => {
                let mut connection = connect(folder).await;
                sqlx::raw_sql(AssertSqlSafe(script)).execute(&mut connection).await.unwrap();
            }
        }
    }

    /// What a query for one number answers.
    pub async fn count(&self, query: &str) -> u64 {
        match self {
            Self::Postgres { server, name } => server.rows(name, query)[0].parse().unwrap(),
            Self::Sqlite { folder } => {
                let mut connection = connect(folder).await;
                let count: i64 =
                    sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut connection).await.unwrap();
                count.try_into().unwrap()
            }
        }
    }
}

/// What somebody else has of the file in `folder`.
pub async fn connect(folder: &TempDir) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(folder.path().join("db.sqlite"));
    options.create_if_missing(true).connect().await.unwrap()
}

pub async fn open(settings: &Settings) -> Store {
    Store::open(settings, Path::new("/nowhere")).await.unwrap()
}

/// Who reads what is sent to `address`.
pub async fn reader(store: &Store, address: &Account) -> Option<Reader> {
    store.addressee(address, None).await.unwrap().reader
}

/// Whether `recipient` wants no mail about `event`.
pub async fn is_muted(store: &Store, recipient: &RecipientKey, event: &EventKey) -> bool {
    store.addressee(&account("anybody@example.org"), Some((recipient, event))).await.unwrap().is_muted
}

pub fn account(address: &str) -> Account {
    Account::parse(address).unwrap()
}

/// Makes each function a test on either engine.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod on_postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::fixture::Fixture::postgres().await).await;
            })*
        }
        mod on_sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::fixture::Fixture::sqlite().await).await;
            })*
        }
    };
}
pub(crate) use on_both;
