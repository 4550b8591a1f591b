//! Opening a database and bringing its tables up to date.

mod postgres;
mod sqlite;

use std::{
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use sqlx::{
    error::DatabaseError,
    migrate::{Migrate, MigrateError, Migrator},
};
use tokio::{sync::Mutex, time::timeout};

use crate::{
    OpenError, Settings, StoreError,
    database::{Database, Engine},
    error::DriverError,
    group_commit::{GroupCommit, Many},
    recipient,
    settings::Place,
    statement::Value::{self, Text},
    together::Transactions,
};

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// A database of ours. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Store {
    database: Database,
    /// What many mails ask for at a time.
    pub(crate) group_commit: GroupCommit,
    pub(crate) addressee: Arc<Many>,
    pub(crate) numbers: Arc<Many>,
    preparation: Arc<Preparation>,
    /// How long a call may wait for the preparation.
    patience: Duration,
}

/// The tables are brought up to date before the first use, by one task at a time.
#[derive(Debug, Default)]
struct Preparation {
    is_done: OnceLock<()>,
    at_work: Arc<Mutex<()>>,
}

impl Store {
    /// Opens the database of `settings`, or the SQLite file `default` where they name none, and brings its tables up to
    /// date; several nodes may do so at once.
    ///
    /// A file is made if it is not there, with mode 0600. What is written to it survives the death of the process; a
    /// power cut may take the last moments (WAL with `synchronous = normal`), unless [`Settings::survives_power_cut`].
    ///
    /// A server that is away is no error: calls fail with [`StoreError::Unprepared`], and try again to prepare it.
    pub async fn open(settings: &Settings, default: &Path) -> Result<Self, OpenError> {
        let store = Self::connect(settings, default).await?;
        match store.prepare().await {
            Err(why) if !why.is_passing() => Err(why),
            Ok(()) | Err(_) => Ok(store),
        }
    }

    /// Opens it as [`Self::open`] does, but changes no tables that are there. Fails with [`OpenError::Earlier`] where they
    /// are not of this version, and where the server is away: for use beside a program that may be of an earlier one.
    pub async fn open_beside(settings: &Settings, default: &Path) -> Result<Self, OpenError> {
        let store = Self::connect(settings, default).await?;
        let newest = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
        match store.newest_migration().await? {
            0 => store.prepare().await.map(|()| store),
            earlier if earlier < newest => Err(OpenError::Earlier),
            later if later > newest => Err(OpenError::Later(later)),
            _ => store.look_at_recipients().await.map(|()| store),
        }
    }

    /// The last that was here; 0 where none was.
    async fn newest_migration(&self) -> Result<i64, OpenError> {
        let newest = "SELECT COALESCE(MAX(version), 0) AS version FROM _sqlx_migrations WHERE success";
        match self.database.row(newest, &[]).await {
            Ok(row) => row.map_or(Ok(0), |row| row.number("version")).map_err(OpenError::database),
            Err(sqlx::Error::Database(said)) if is_missing_table(&*said) => Ok(0),
            Err(why) => Err(OpenError::database(why)),
        }
    }

    async fn connect(settings: &Settings, default: &Path) -> Result<Self, OpenError> {
        let place = settings.place(default).map_err(|why| OpenError::Unsupported(why.to_string()))?;
        let engine = match place {
            Place::Postgres(options) => Engine::Postgres(postgres::pool(settings, *options)),
            Place::Sqlite(path) => {
                let pool = sqlite::pool(settings, &path).await?;
                Engine::Sqlite(pool.clone(), Transactions::of(pool, settings))
            }
        };
        let database = Database { engine, patience: settings.statement_timeout };
        let longest = settings.acquire_timeout + settings.statement_timeout;
        Ok(Self {
            group_commit: GroupCommit::new(database.clone(), longest),
            database,
            addressee: Arc::new(recipient::addressee_statement(settings)),
            numbers: Arc::new(recipient::numbers_statement(settings)),
            preparation: Arc::default(),
            patience: settings.acquire_timeout,
        })
    }

    /// Where it is, for an operator: host, port and database, or the file. No user and no password.
    pub fn place(&self) -> String {
        match &self.database.engine {
            Engine::Postgres(pool) => postgres::place(&pool.connect_options()),
            Engine::Sqlite(pool, _) => pool.connect_options().get_filename().display().to_string(),
        }
    }

    /// Whether the database answers. For a look at it: other calls need no such word before them.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.database().await?.row("SELECT 1", &[]).await?;
        Ok(())
    }

    /// Closes once running statements are over. Later calls fail.
    pub async fn close(&self) {
        self.database.close().await;
    }

    pub(crate) async fn group_commit(&self) -> Result<&GroupCommit, StoreError> {
        self.database().await?;
        Ok(&self.group_commit)
    }

    pub(crate) async fn database(&self) -> Result<&Database, StoreError> {
        if self.preparation.is_done.get().is_none() {
            self.prepare_in_time().await?;
        }
        Ok(&self.database)
    }

    /// A preparation goes on when nobody waits for it any more: it may be a long one.
    async fn prepare_in_time(&self) -> Result<(), OpenError> {
        let at_work = self.preparation.at_work.clone().try_lock_owned().map_err(|_| OpenError::Late)?;
        let store = self.clone();
        let preparing = tokio::spawn(async move {
            let prepared = store.prepare().await;
            drop(at_work);
            prepared
        });
        match timeout(self.patience, preparing).await {
            Ok(Ok(prepared)) => prepared,
            Ok(Err(_)) | Err(_) => Err(OpenError::Late),
        }
    }

    /// Shows whether `statement`, which holds names of the operator's, is one.
    async fn read_nobody(&self, statement: &Many, nobody: &[Value<'_>]) -> Result<(), OpenError> {
        let read = self.database.row(statement.of(1).0, nobody).await;
        read.map(drop).map_err(|why| OpenError::Recipients(DriverError::Statement(why)))
    }

    async fn prepare(&self) -> Result<(), OpenError> {
        match &self.database.engine {
            Engine::Postgres(pool) => postgres::migrate(pool, self.patience).await?,
            Engine::Sqlite(pool, _) => sqlite::migrate(pool).await?,
        }
        self.look_at_recipients().await
    }

    /// Shows that the tables or views of the operator's can be read. It is ready then.
    async fn look_at_recipients(&self) -> Result<(), OpenError> {
        self.read_nobody(&self.addressee, &[Text(""); 5]).await?;
        self.read_nobody(&self.numbers, &[Text("")]).await?;
        self.preparation.is_done.get_or_init(|| ());
        Ok(())
    }
}

/// PostgreSQL has a code for it, SQLite words.
fn is_missing_table(said: &dyn DatabaseError) -> bool {
    said.code().is_some_and(|code| code == "42P01") || said.message().starts_with("no such table")
}

/// `Migrator::run` takes whatever gives connections, and the compiler cannot prove of that that a task may hold it.
async fn migrate<C: Migrate>(connection: &mut C) -> Result<(), MigrateError> {
    MIGRATIONS.run_direct(None, connection, false).await
}
