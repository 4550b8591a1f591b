//! Why something is not on the bus.

use std::error::Error;

use bus::BusError;
use mailbox_event::codec::EncodeError;

use crate::telemetry::DropReason;

/// Why a piece of work is not done.
#[derive(Debug)]
pub(super) enum Unpublished {
    /// The bus did not take it and may take it later.
    Held(BusError),
    /// No other try would help, and nothing but this piece is to blame.
    Hopeless(DropReason, Box<dyn Error + Send + Sync>),
}

impl From<BusError> for Unpublished {
    fn from(error: BusError) -> Self {
        match error {
            BusError::TooLarge { .. } => Self::Hopeless(DropReason::TooLarge, Box::new(error)),
            error => Self::Held(error),
        }
    }
}

impl From<EncodeError> for Unpublished {
    fn from(error: EncodeError) -> Self {
        Self::Hopeless(DropReason::Unencodable, Box::new(error))
    }
}
