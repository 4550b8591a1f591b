//! What can go wrong, by outcome.

use std::io;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A URL of a database that is not SQLite.
    #[error("only SQLite databases are supported")]
    Unsupported,
    /// The file cannot be made or given its mode.
    #[error("cannot make the database file")]
    File(#[source] io::Error),
    /// It is no database, or cannot be reached.
    #[error("cannot open the database")]
    Database(#[source] sqlx::Error),
    /// The tables cannot be brought up to date; a database that a later version wrote ends here too.
    #[error("cannot migrate the database")]
    Migrate(#[source] sqlx::migrate::MigrateError),
}

/// Why a statement had no effect.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed: try again later.
    #[error("database failed")]
    Database(#[from] sqlx::Error),
    /// Another worker changed the row in between: read it again.
    #[error("effect is in the hands of another worker")]
    Taken,
    /// A row that no version of ours wrote.
    #[error("effect has a state that this program does not know")]
    Unreadable,
}
