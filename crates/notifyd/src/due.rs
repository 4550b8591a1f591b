//! A mail that the ledger wants sent, for the first time or once more.

use mailbox_event::UnixMillis;
use store::{Effect, Interrupted, Planned, Sending, StoreError};

use crate::{owed::Owed, telemetry::DropReason};

/// A mail of which nobody knows whether it was taken is sent again this often: never none, at most two.
const MOST_REPEATS: u64 = 1;

/// See the module.
#[derive(Debug)]
pub(crate) enum Due {
    /// Nothing has left.
    First(Planned),
    /// It may have been taken.
    Again(Interrupted),
}

impl Due {
    /// Nothing where the effect is over.
    pub(crate) fn of(effect: Effect) -> Option<Self> {
        match effect {
            Effect::Planned(planned) => Some(Self::First(planned)),
            Effect::Interrupted(interrupted) => Some(Self::Again(interrupted)),
            Effect::Over(_) => None,
        }
    }

    /// Whether it may have been taken before.
    pub(crate) fn is_repeat(&self) -> bool {
        matches!(self, Self::Again(_))
    }

    /// Whether it was sent as often as it may be.
    pub(crate) fn spent(&self) -> Option<DropReason> {
        match self {
            Self::Again(interrupted) if interrupted.repeats() >= MOST_REPEATS => Some(DropReason::Unknown),
            Self::First(_) | Self::Again(_) => None,
        }
    }

    pub(crate) fn message_id(&self) -> &str {
        match self {
            Self::First(planned) => planned.message_id(),
            Self::Again(interrupted) => interrupted.message_id(),
        }
    }

    /// Takes the right to send it. When it fails, nothing has left, and `owed` knows that.
    pub(crate) async fn begin(self, owed: &Owed, now: UnixMillis) -> Result<Sending, StoreError> {
        let unbegun = owed.debt(match &self {
            Self::First(planned) => planned.unbegun(),
            Self::Again(interrupted) => interrupted.unbegun(),
        });
        let begun = match self {
            Self::First(planned) => planned.begin(now).await,
            Self::Again(interrupted) => interrupted.begin_again(now).await,
        };
        // Any other failure may hide that the row was written.
        if matches!(begun, Ok(_) | Err(StoreError::Taken)) {
            unbegun.forgive();
        }
        begun
    }

    /// It is not sent, for a reason of ours.
    pub(crate) async fn drop(self, now: UnixMillis) -> Result<(), StoreError> {
        match self {
            Self::First(planned) => planned.drop(now).await,
            Self::Again(interrupted) => interrupted.give_up(now).await,
        }
    }

    /// It cannot be sent.
    pub(crate) async fn fail(self, now: UnixMillis) -> Result<(), StoreError> {
        match self {
            Self::First(planned) => planned.fail(now).await,
            Self::Again(interrupted) => interrupted.give_up(now).await,
        }
    }
}
