//! Opening a database.

use std::{
    fs::{OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::OpenError;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// Only our user reads what was sent to whom and when.
const MODE: u32 = 0o600;
/// SQLite has one writer; one connection queues writers here instead of at the file's lock.
const CONNECTIONS: u32 = 1;
/// Another process (an operator's tool) may hold the lock; past this the database counts as away.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// A database of ours. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) pool: SqlitePool,
}

impl Store {
    /// Opens, making it if it is not there, and brings its tables up to date. `location` is a path or
    /// `sqlite:<path>`. The file has mode 0600. What is written survives the death of the process; a power cut may
    /// take the last moments (WAL with `synchronous = normal`).
    pub async fn open(location: &str) -> Result<Self, OpenError> {
        let path = path(location)?;
        make(&path).map_err(OpenError::File)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(LONGEST_WAIT);
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(LONGEST_WAIT)
            .connect_with(options)
            .await
            .map_err(OpenError::Database)?;
        MIGRATIONS.run(&pool).await.map_err(OpenError::Migrate)?;
        Ok(Self { pool })
    }

    /// Closes once running statements are over. Later calls fail.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn path(location: &str) -> Result<PathBuf, OpenError> {
    let path = match location.strip_prefix("sqlite:") {
        Some(path) => path.strip_prefix("//").unwrap_or(path),
        None if location.contains("://") => return Err(OpenError::Unsupported),
        None => location,
    };
    // Absolute, for SQLite gives a meaning of its own to names like `:memory:`.
    std::path::absolute(path).map_err(OpenError::File)
}

/// Before SQLite does, so that it has its mode from the first moment; the files beside it take theirs from it.
fn make(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().create(true).append(true).mode(MODE).open(path)?;
    file.set_permissions(Permissions::from_mode(MODE))
}
