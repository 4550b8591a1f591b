//! What can go wrong, by outcome.

use std::{fmt, io};

use sqlx::migrate::MigrateError;

/// An error of the driver. Its words hold those of its causes already, so that it names none.
#[derive(Debug)]
pub enum DriverError {
    /// Of a connection or a statement.
    Statement(sqlx::Error),
    /// Of a migration.
    Migration(MigrateError),
}

impl fmt::Display for DriverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Statement(why) => tell(why, f),
            Self::Migration(MigrateError::ExecuteMigration(why, version)) => {
                write!(f, "migration {version}: ")?;
                tell(why, f)
            }
            Self::Migration(why) => write!(f, "{why}"),
        }
    }
}

impl std::error::Error for DriverError {}

/// The server's own words with its code. The driver puts a line of the server's source beside them, which reads like one
/// of a file of ours.
fn tell(why: &sqlx::Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match why {
        sqlx::Error::Database(said) => match said.code() {
            Some(code) => write!(f, "{} ({code})", said.message()),
            None => f.write_str(said.message()),
        },
        why => write!(f, "{why}"),
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is none of PostgreSQL or SQLite.
    #[error("cannot tell which database is meant: {0}")]
    Unsupported(String),
    /// The file cannot be made or given its mode.
    #[error("cannot make the database file")]
    File(#[source] io::Error),
    /// It is no database, or it refuses us.
    #[error("cannot open the database")]
    Database(#[source] DriverError),
    /// A later version of this program has been here; its tables are not ours to write.
    #[error("a later version of this program has migrated the database: its migration {0} is not known here")]
    Later(i64),
    /// The tables are of an earlier version, and were to be left as they are.
    #[error("database is of an earlier version of this program: a start of it brings the tables up to date")]
    Earlier,
    /// The tables cannot be brought up to date.
    #[error("cannot migrate the database")]
    Migrate(#[source] DriverError),
    /// It is not ready in time; somebody is at it.
    #[error("database is being prepared")]
    Late,
    /// The tables or views of recipients are not there, may not be read, or have other columns.
    #[error("cannot read the recipients (docs/recipients.md)")]
    Recipients(#[source] DriverError),
}

/// Why a statement had no effect.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed, or did not answer in time: try again later.
    #[error("database failed")]
    Database(#[source] DriverError),
    /// The database could not be prepared yet: try again later.
    #[error("database is not ready")]
    Unprepared(#[from] OpenError),
    /// Another worker changed the row in between: read it again.
    #[error("effect is in the hands of another worker")]
    Taken,
    /// A row that no version of ours wrote.
    #[error("effect has a state that this program does not know")]
    Unreadable,
}

impl From<MigrateError> for OpenError {
    fn from(why: MigrateError) -> Self {
        match why {
            MigrateError::VersionMissing(version) => Self::Later(version),
            MigrateError::Execute(why) => Self::database(why),
            other => Self::Migrate(DriverError::Migration(other)),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(why: sqlx::Error) -> Self {
        Self::Database(DriverError::Statement(why))
    }
}

impl StoreError {
    /// What is wrong, for a log: no value of a row or a statement is in it.
    pub fn cause(&self) -> String {
        match self {
            Self::Database(why)
            | Self::Unprepared(
                OpenError::Database(why) | OpenError::Recipients(why) | OpenError::Migrate(why),
            ) => why.without_values(),
            Self::Unprepared(why) => why.to_string(),
            Self::Taken | Self::Unreadable => self.to_string(),
        }
    }
}

impl DriverError {
    /// What the classes 22 and 23 of SQLSTATE say is about values, and may show one.
    fn without_values(&self) -> String {
        let code = match self {
            Self::Statement(sqlx::Error::Database(said)) => said.code().unwrap_or_default(),
            _ => Default::default(),
        };
        if ["22", "23"].iter().any(|class| code.starts_with(class)) {
            format!("refused with {code}")
        } else {
            self.to_string()
        }
    }
}

impl OpenError {
    pub(crate) fn database(why: sqlx::Error) -> Self {
        Self::Database(DriverError::Statement(why))
    }

    /// Whether the server is away for the time being, rather than wrong.
    pub(crate) fn is_passing(&self) -> bool {
        let why = match self {
            Self::Database(why) | Self::Recipients(why) | Self::Migrate(why) => why,
            Self::Late => return true,
            Self::Unsupported(_) | Self::File(_) | Self::Later(_) | Self::Earlier => return false,
        };
        let why = match why {
            DriverError::Statement(why) | DriverError::Migration(MigrateError::ExecuteMigration(why, _)) => {
                why
            }
            DriverError::Migration(_) => return false,
        };
        match why {
            // A certificate that is not trusted comes as invalid data.
            sqlx::Error::Io(why) => why.kind() != io::ErrorKind::InvalidData,
            sqlx::Error::PoolTimedOut => true,
            // Classes of SQLSTATE: the connection, resources, an operator's word (start and stop among them).
            sqlx::Error::Database(why) => {
                why.code().is_some_and(|code| ["08", "53", "57"].iter().any(|class| code.starts_with(class)))
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn what_the_driver_says_is_said_once() {
        let why = || sqlx::Error::Io(io::Error::from(io::ErrorKind::ConnectionRefused));
        for error in [&OpenError::database(why()) as &dyn Error, &StoreError::from(why())] {
            let said = error.source().unwrap();
            assert!(said.to_string().ends_with("connection refused"), "{said}");
            assert!(said.source().is_none());
        }
    }
}
