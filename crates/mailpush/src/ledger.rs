//! The database of notifyd, opened by an operator's command beside it or without it.

use std::path::PathBuf;

use store::{OpenError, Store};

use crate::{
    config::Config,
    exit::{Ending, Exit},
};

/// Why it cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It would be made, empty.
    #[error("{} is not there: no notifyd with this configuration has run", .0.display())]
    Missing(PathBuf),
    /// It, or its server, does not let us.
    #[error("database cannot be used")]
    Open(#[source] OpenError),
}

impl Ending for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Missing(_)
            | Self::Open(OpenError::Unsupported(_) | OpenError::Recipients(_) | OpenError::Earlier) => {
                Exit::Usage
            }
            Self::Open(OpenError::File(why)) => Exit::of_io(why),
            Self::Open(OpenError::Database(_) | OpenError::Late) => Exit::Away,
            Self::Open(_) => Exit::Failure,
        }
    }
}

/// Opens the database of `config`; makes no file, and leaves tables of another version to the program that runs.
pub async fn open(config: &Config) -> Result<Store, Error> {
    // Whether text messages are sent may not be known here: what is said of credit is synced in any case.
    let settings = store::Settings { survives_power_cut: true, ..config.notifyd.ledger() };
    let file = config.data.join("effects.db");
    // One that may not be looked at is there: opening it says why it cannot be read.
    if settings.url.is_none() && matches!(file.try_exists(), Ok(false)) {
        return Err(Error::Missing(file));
    }
    Store::open_beside(&settings, &file).await.map_err(Error::Open)
}
