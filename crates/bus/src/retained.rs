//! Values that the bus keeps: the STATE of accounts, and KV buckets with leases.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use mailbox_event::AccountToken;

use crate::{BusError, PutError};

const DAY: Duration = Duration::from_hours(24);

/// Which write of a value this is; it rises with every write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

/// A value and its revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// For the next compare-and-set.
    pub revision: Revision,
    /// The value.
    pub value: Bytes,
}

/// The key of relay in [`Bucket::Gaps`].
pub const GAPS_OF_RELAY: &str = "relay";

/// A KV bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bucket {
    /// What the mail server said about a credential, under a keyed hash of it.
    Verdicts,
    /// Who does what alone.
    Leases,
    /// Tickets for streams, under a hash of each.
    Tickets,
    /// When notifications of the mail server were lost, under the name of who lost them: Unix ms in decimal. Each write
    /// gives the key another revision; that is what tells a reader of another loss.
    Gaps,
    /// Since when the credentials of an account are to be shown again, under its token.
    Revocations,
}

impl Bucket {
    /// Every bucket.
    pub const ALL: [Self; 5] = [Self::Verdicts, Self::Leases, Self::Tickets, Self::Gaps, Self::Revocations];

    /// The bucket of this name, if this release knows one.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bucket| bucket.name() == name)
    }

    /// How long a value may be kept here at most: what a setting may ask for, whichever bus there is. A broker forgets
    /// what is older.
    pub fn longest_time_to_live(self) -> Duration {
        match self {
            Self::Verdicts | Self::Leases => DAY,
            Self::Tickets | Self::Gaps => DAY * 31,
            Self::Revocations => DAY * 400,
        }
    }

    /// The name on a broker and in a table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Verdicts => "verdicts",
            Self::Leases => "leases",
            Self::Tickets => "tickets",
            Self::Gaps => "gaps",
            Self::Revocations => "revocations",
        }
    }
}

/// Reads and compare-and-set writes.
#[async_trait]
pub trait Retained {
    /// The STATE of an account.
    async fn state(&self, account: AccountToken) -> Result<Option<Versioned>, BusError>;

    /// Stores the STATE of an account if its revision is still `expected` (`None`: there is none yet), and tells
    /// the listeners of the account's key with [`crate::Topic::State`] and the new value.
    ///
    /// `cause` is the event that moved it: the id of the message that listeners hear. Two writes that follow each
    /// other closely may be heard in the other order: listeners merge. A caller that stops waiting stops neither
    /// the write nor the telling.
    ///
    /// Listeners may hear a value, and readers see it, before it is safe; the answer comes when it is. So when the caller
    /// gets an error, or dies before its answer, a value may have been heard that is not kept: the caller tries again, and
    /// again listeners merge. The revision of a value that was lost is given to no other while the bus runs. One narrow gap
    /// is left: who reads another's value before it is safe, and finds that it has nothing to add, puts nothing; if the
    /// process dies at that moment, or the write fails and the other does not try again, the value is lost for both, until
    /// the next change or comparison.
    async fn put_state(
        &self,
        account: AccountToken,
        value: Bytes,
        expected: Option<Revision>,
        cause: mailbox_event::EventId,
    ) -> Result<Revision, PutError>;

    /// The value of a key, unless its time is over.
    async fn get(&self, bucket: Bucket, key: &str) -> Result<Option<Versioned>, BusError>;

    /// Stores a value, whatever was there, for `time_to_live`.
    async fn put(
        &self,
        bucket: Bucket,
        key: &str,
        value: Bytes,
        time_to_live: Duration,
    ) -> Result<Revision, BusError>;

    /// Stores a value for `time_to_live` if the key's revision is still `expected`; `None`: if the key is absent or
    /// its time is over. A lease is taken with `None` and kept with the revision it was last given.
    async fn compare_and_put(
        &self,
        bucket: Bucket,
        key: &str,
        value: Bytes,
        expected: Option<Revision>,
        time_to_live: Duration,
    ) -> Result<Revision, PutError>;

    /// Takes a key away if its revision is still `expected` (`None`: whatever it is); an absent key is no conflict.
    async fn delete(&self, bucket: Bucket, key: &str, expected: Option<Revision>) -> Result<(), PutError>;
}
