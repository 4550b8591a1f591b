//! Opening the database: whose file it is, who may read it, and which version it has.

use std::{
    fs::{File, OpenOptions, Permissions, TryLockError, set_permissions},
    io::ErrorKind,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use bus::BusError;
use rusqlite::{Connection, ErrorCode, config::DbConfig};

/// `MPbl`: marks a database as ours (`PRAGMA application_id`).
const APPLICATION: i32 = 0x4d50_626c;

/// Forward-only steps; the version of a database is how many it has been through. Never edit one that was released.
const STEPS: [&str; 1] = [include_str!("schema/1.sql")];

/// A restarted process may find the last one still closing its file.
const WAIT_FOR_PREDECESSOR: Duration = Duration::from_secs(2);

/// How often it looks whether the last one has gone.
const LOOK_FOR_PREDECESSOR: Duration = Duration::from_millis(10);

/// Pages in the write-ahead log, of 4 KiB, at which the writer itself moves them to the database and begins the log
/// again. By then the thread beside it has moved nearly all of them.
const LOG_PAGES: i64 = 8000;

/// Statements kept prepared: more than there are.
const STATEMENTS: usize = 64;

/// Pages held in memory at most, in KiB: the states of ten thousand accounts, so that no write has to read first.
const PAGE_CACHE: i64 = 8 * 1024;

/// Payloads and verdicts are nobody else's business.
const OWNER_ONLY: u32 = 0o600;

/// Why a file cannot be the database of a bus. Found as the source of [`BusError::Unusable`].
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be made or read.
    #[error("file cannot be opened")]
    Io(#[source] std::io::Error),
    /// It is no SQLite database, or a damaged one.
    #[error("file is no database or is damaged")]
    Damaged(#[source] rusqlite::Error),
    /// It is the database of another program.
    #[error("file is the database of another program")]
    Foreign,
    /// A later release wrote it.
    #[error("database has version {found}, and this release knows no later than {known}")]
    TooNew {
        /// The version in the file.
        found: i64,
        /// The last one known here.
        known: i64,
    },
    /// Another process, or another bus in this one, holds it.
    #[error("file is in use by another bus")]
    InUse,
}

/// An open database.
pub(crate) struct Opened {
    /// For the writer.
    pub(crate) connection: Connection,
    /// For moving pages from the log to the database beside the writer; none where there is no log.
    pub(crate) checkpoints: Option<Connection>,
    /// Held while the database is open.
    pub(crate) lock: Option<File>,
}

/// Opens the database at `path`, or makes it with mode 0600.
pub(crate) fn open_file(path: &Path) -> Result<Opened, BusError> {
    let lock = lock(&beside(path, "-lock")).map_err(unusable)?;
    make_private(path).map_err(|error| unusable(OpenError::Io(error)))?;
    let connection = Connection::open(path).and_then(prepare).map_err(refine)??;
    let checkpoints = Connection::open(path).map_err(refine)?;
    Ok(Opened { connection, checkpoints: Some(checkpoints), lock: Some(lock) })
}

/// A database that is gone with its connection.
pub(crate) fn open_in_memory() -> Result<Opened, BusError> {
    let connection = Connection::open_in_memory().and_then(prepare).map_err(refine)??;
    Ok(Opened { connection, checkpoints: None, lock: None })
}

/// One bus at a time: live delivery, the claims of workers and the states known to readers are in memory. The lock goes
/// with the process.
fn lock(path: &Path) -> Result<File, OpenError> {
    let mut options = OpenOptions::new();
    let file = options
        .write(true)
        .create(true)
        .truncate(false)
        .mode(OWNER_ONLY)
        .open(path)
        .map_err(OpenError::Io)?;
    let end = Instant::now() + WAIT_FOR_PREDECESSOR;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(OpenError::Io(error)),
            Err(TryLockError::WouldBlock) if Instant::now() >= end => return Err(OpenError::InUse),
            Err(TryLockError::WouldBlock) => thread::park_timeout(LOOK_FOR_PREDECESSOR),
        }
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Creates the file if it is absent, and closes it to everyone else. An existing file is not opened here: closing
/// it again would drop the locks that another bus of this process holds on it (fcntl(2)).
fn make_private(path: &Path) -> std::io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path) {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    for suffix in ["", "-wal", "-shm", "-lock"] {
        match set_permissions(beside(path, suffix), Permissions::from_mode(OWNER_ONLY)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// The inner error says what is wrong with the file, the outer one that SQLite failed.
fn prepare(mut connection: Connection) -> rusqlite::Result<Result<Connection, BusError>> {
    connection.busy_timeout(WAIT_FOR_PREDECESSOR)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A statement is prepared once, not again for each of its arguments: no table has statistics to look them up in.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    if let Err(error) = check(&connection)? {
        return Ok(Err(unusable(error)));
    }
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", -PAGE_CACHE)?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", LOG_PAGES, |_| Ok(()))?;
    // What is deleted is overwritten: verdicts name users, and payloads hold their calendars.
    connection.pragma_update(None, "secure_delete", true)?;
    migrate(&mut connection)?;
    Ok(Ok(connection))
}

/// Before anything is written: is it ours, and of a version we know?
fn check(connection: &Connection) -> rusqlite::Result<Result<(), OpenError>> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let objects: i64 = connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let is_fresh = application == 0 && found == 0 && objects == 0;
    let known = steps();
    Ok(match (application == APPLICATION, found) {
        (false, _) if !is_fresh => Err(OpenError::Foreign),
        (_, found) if found > known => Err(OpenError::TooNew { found, known }),
        _ => Ok(()),
    })
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for step in STEPS.iter().skip(usize::try_from(version).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", steps())?;
    transaction.commit()
}

fn steps() -> i64 {
    i64::try_from(STEPS.len()).expect("there are few steps")
}

fn unusable(error: OpenError) -> BusError {
    BusError::Unusable(error.into())
}

/// Says by consequence what SQLite said while the file was opened.
pub(crate) fn refine(error: rusqlite::Error) -> BusError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => unusable(OpenError::InUse),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => unusable(OpenError::Damaged(error)),
        _ => BusError::Unavailable(error.into()),
    }
}
