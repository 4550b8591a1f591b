//! A SQLite file.

use std::{
    fs::{OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    time::Duration,
};

use sqlx::{
    ConnectOptions as _, SqlitePool,
    migrate::MigrateError,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::MIGRATIONS;
use crate::{OpenError, Settings};

/// Only our user reads what was sent to whom and when.
const MODE: u32 = 0o600;
/// SQLite has one writer; one connection queues writers here instead of at the file's lock.
const CONNECTIONS: u32 = 1;
/// Many times what as many nodes as a machine has need to make a file.
const OPENINGS: u32 = 20;
const BETWEEN_OPENINGS: Duration = Duration::from_millis(50);

pub(super) async fn pool(settings: &Settings, path: &str) -> Result<SqlitePool, OpenError> {
    // Absolute, for SQLite gives a meaning of its own to names like `:memory:`.
    let path = std::path::absolute(path).map_err(OpenError::File)?;
    make(&path).map_err(OpenError::File)?;
    let synchronous =
        if settings.survives_power_cut { SqliteSynchronous::Full } else { SqliteSynchronous::Normal };
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        // What callers of one transaction may have to take back is kept until their steps are over. It is a few pages, and in
        // a file each is two more writes.
        .pragma("temp_store", "memory")
        // Another process (an operator's tool) may hold the lock.
        .busy_timeout(settings.statement_timeout)
        .disable_statement_logging();
    let opening = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(settings.acquire_timeout)
        // A file does not go away.
        .test_before_acquire(false);
    for _ in 1..OPENINGS {
        match opening.clone().connect_with(options.clone()).await {
            Err(error) if is_locked(&error) => tokio::time::sleep(BETWEEN_OPENINGS).await,
            opened => return opened.map_err(OpenError::database),
        }
    }
    opening.connect_with(options).await.map_err(OpenError::database)
}

/// Of several that switch a file to WAL at once, SQLite tells some that it is locked and does not let them wait.
fn is_locked(error: &sqlx::Error) -> bool {
    const BUSY: &str = "5";
    error.as_database_error().and_then(|said| said.code()).is_some_and(|code| code == BUSY)
}

/// Runs what is missing. SQLite has no lock for it: of two processes one fails at a migration that the other has just
/// run, and finds it there when it looks again.
pub(super) async fn migrate(pool: &SqlitePool) -> Result<(), OpenError> {
    let mut connection = pool.acquire().await.map_err(OpenError::database)?;
    for _ in MIGRATIONS.iter() {
        match super::migrate(&mut *connection).await {
            Err(MigrateError::ExecuteMigration(..)) => {}
            result => return Ok(result?),
        }
    }
    Ok(super::migrate(&mut *connection).await?)
}

/// Before SQLite does, so that it has its mode from the first moment; the files beside it take theirs from it.
fn make(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().create(true).append(true).mode(MODE).open(path)?;
    file.set_permissions(Permissions::from_mode(MODE))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1 is normal, 2 full: sqlite.org/pragma.html#pragma_synchronous.
    async fn synchronous(survives_power_cut: bool) -> i64 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let settings = Settings { survives_power_cut, ..Settings::default() };
        let pool = pool(&settings, path.to_str().unwrap()).await.unwrap();
        sqlx::query_scalar("PRAGMA synchronous").fetch_one(&pool).await.unwrap()
    }

    #[tokio::test]
    async fn what_was_paid_for_is_on_the_disk_before_it_counts_as_written() {
        assert_eq!((synchronous(false).await, synchronous(true).await), (1, 2));
    }
}
