//! A mail that the ledger wants sent, for the first time or once more.

use std::error::Error;

use kit::config::chain;
use mailbox_event::UnixMillis;
use store::{Beginning, Effect, Interrupted, Outcome, Planned, Sending, StoreError};

use crate::owed::Owed;

/// A mail of which nobody knows whether it was taken is sent again this often. An alarm of which nobody hears is worse than
/// one more copy under a Message-ID that is known: this bound is only so that a mail over which a process or a server dies
/// each time does not come for ever.
const MOST_REPEATS: u64 = 4;

/// See the module.
#[derive(Debug)]
pub(crate) enum Due {
    /// Nothing has left.
    First(Planned),
    /// It may have been taken.
    Again(Interrupted),
}

/// A mail that no run sends any more, although nobody knows of a server that took it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GivenUp {
    /// Here and now.
    #[error("mail was sent five times and it is not known whether it was taken")]
    Unknown,
    /// By an earlier run, which may have died before it could say so.
    #[error("{}", before(.reason))]
    Before {
        /// What the ledger says of it; empty where an older version put it down.
        reason: String,
    },
}

/// The first reason is what a person needs, whenever it is asked for.
fn before(reason: &str) -> String {
    if reason.is_empty() {
        "it was refused before, or given up, and then it may have been taken".to_owned()
    } else {
        format!("it failed before: {reason}")
    }
}

impl Due {
    /// Nothing where the mail was sent, or is of no use.
    pub(crate) fn of(effect: Effect) -> Result<Option<Self>, GivenUp> {
        match effect {
            Effect::Planned(planned) => Ok(Some(Self::First(planned))),
            Effect::Interrupted(interrupted) => Ok(Some(Self::Again(interrupted))),
            Effect::Over(Outcome::Failed { reason }) => Err(GivenUp::Before { reason }),
            Effect::Over(Outcome::Sent | Outcome::Dropped) => Ok(None),
        }
    }

    /// Whether it may have been taken before.
    pub(crate) fn is_repeat(&self) -> bool {
        matches!(self, Self::Again(_))
    }

    /// Whether it was sent as often as it may be.
    pub(crate) fn is_spent(&self) -> bool {
        matches!(self, Self::Again(interrupted) if interrupted.repeats() >= MOST_REPEATS)
    }

    pub(crate) fn message_id(&self) -> &str {
        match self {
            Self::First(planned) => planned.message_id(),
            Self::Again(interrupted) => interrupted.message_id(),
        }
    }

    /// Takes the right to send it. When it fails, nothing has left, and `owed` knows that.
    pub(crate) async fn begin(
        self,
        owed: &Owed,
        beginning: Beginning,
        now: UnixMillis,
    ) -> Result<Sending, StoreError> {
        let unbegun = owed.debt(match &self {
            Self::First(planned) => planned.unbegun(beginning),
            Self::Again(interrupted) => interrupted.unbegun(beginning),
        });
        let begun = match self {
            Self::First(planned) => planned.begin(beginning, now).await,
            Self::Again(interrupted) => interrupted.begin_again(beginning, now).await,
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
            Self::Again(interrupted) => interrupted.give_up("it was of no use any more", now).await,
        }
    }

    /// It cannot be sent.
    pub(crate) async fn fail(self, why: &(dyn Error + Sync), now: UnixMillis) -> Result<(), StoreError> {
        let reason = chain(why);
        match self {
            Self::First(planned) => planned.fail(&reason, now).await,
            Self::Again(interrupted) => interrupted.give_up(&reason, now).await,
        }
    }
}
