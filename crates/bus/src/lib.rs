//! The contract of the bus: what relay, pusher and notifyd may ask of it, whichever implementation stands below.
//!
//! - [`Retained`]: small values with a revision and compare-and-set: the STATE of an account, and KV buckets with leases.
//! - [`KeyListener`]: hears, on every node that registered the key, what is dispatched under it. Live, not retried.
//! - [`GroupListener`]: runs once per cluster for every job of its kinds. Durable, acknowledged, retried, dead-lettered.
//! - [`DeadLetters`]: what no retry could help, listed and redelivered by an operator.
//!
//! The words are those of Apache James' event bus. No I/O of its own.

#[cfg(feature = "contract")]
pub mod contract;
mod dead_letters;
mod error;
mod group;
pub mod health;
mod key;
mod message;
mod registration;
mod retained;

pub use dead_letters::{DeadLetter, DeadLetterId, DeadLetters};
pub use error::{BusError, PutError};
pub use group::{Attempt, Backoff, Failure, Group, GroupListener, GroupSettings};
pub use key::{Execution, Key, KeyListener};
pub use message::{InvalidSubject, JobKind, LiveKind, Message, Topic, Urgency};
pub use registration::Registration;
pub use retained::{Bucket, GAPS_OF_RELAY, Retained, Revision, Versioned};

use async_trait::async_trait;
use std::sync::Arc;

/// A bus. Cheap to share behind an [`Arc`]; every method may be called from any task.
#[async_trait]
pub trait Bus: Retained + DeadLetters + Send + Sync + 'static {
    /// Sends `message` to every group that takes its kind and to the listeners of each of `keys`.
    /// One that says nothing ([`Message::is_noop`]) is dropped.
    ///
    /// Returns when all that is durable about it is durable. The same [`Message::id`] dispatched again to a group
    /// that has it, or has finished with it lately, is no second job. A listener that fails never fails the caller.
    async fn dispatch(&self, message: Message, keys: &[Key]) -> Result<(), BusError>;

    /// Has `listener` hear what is dispatched under `key` from here on, until the registration is dropped.
    /// The same listener on the same key twice is one registration, which is over when either of its holds ends.
    /// A message under several of its keys reaches it once.
    async fn register_key(&self, key: Key, listener: Arc<dyn KeyListener>) -> Result<Registration, BusError>;

    /// Has `listener` run the jobs of `group` that are dispatched from the group's first registration on.
    /// The group outlives the registration: jobs wait for the next one. A second live listener of one group on
    /// this node is refused with [`BusError::GroupTaken`].
    async fn register_group(
        &self,
        group: Group,
        settings: GroupSettings,
        listener: Arc<dyn GroupListener>,
    ) -> Result<Registration, BusError>;

    /// Gives a dead letter back to its group, with its full number of attempts, and takes it from the dead letters.
    /// Key listeners hear nothing. Fails with [`BusError::UnknownGroup`], and leaves it where it is, when the group
    /// has no listener on any node: an operator hears at once that nobody would run it.
    async fn redeliver(&self, group: &Group, id: DeadLetterId) -> Result<(), BusError>;

    /// Whether the bus can take and give messages at this moment; the text says what is wrong.
    async fn health(&self) -> Result<(), BusError>;
}
