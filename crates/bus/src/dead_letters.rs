//! Jobs that no retry could help.

use async_trait::async_trait;
use mailbox_event::UnixMillis;

use crate::{BusError, Group, Message};

#[cfg(doctest)]
mod nulls;

/// Names one dead letter within its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeadLetterId(pub u64);

/// A job with the reason why it is dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its name within the group.
    pub id: DeadLetterId,
    /// The job as it was dispatched.
    pub message: Message,
    /// What the last run said; holds no content.
    pub reason: String,
    /// Attempts made.
    pub attempts: u32,
    /// When it died.
    pub died_at: UnixMillis,
}

/// Keeps dead letters until an operator redelivers or removes them.
#[async_trait]
pub trait DeadLetters {
    /// Puts one down.
    async fn store_dead_letter(
        &self,
        group: &Group,
        message: Message,
        reason: &str,
        attempts: u32,
    ) -> Result<DeadLetterId, BusError>;

    /// Groups that have any.
    async fn groups_with_dead_letters(&self) -> Result<Vec<Group>, BusError>;

    /// The dead letters of a group, oldest first, at most `limit`.
    async fn dead_letters(&self, group: &Group, limit: usize) -> Result<Vec<DeadLetter>, BusError>;

    /// One of them.
    async fn dead_letter(&self, group: &Group, id: DeadLetterId) -> Result<Option<DeadLetter>, BusError>;

    /// Takes one away; one that is not there is no error.
    async fn remove_dead_letter(&self, group: &Group, id: DeadLetterId) -> Result<(), BusError>;

    /// Takes all of a group away, and tells how many they were.
    async fn remove_dead_letters(&self, group: &Group) -> Result<u64, BusError>;

    /// Whether there is any, of any group.
    async fn has_dead_letters(&self) -> Result<bool, BusError> {
        Ok(!self.groups_with_dead_letters().await?.is_empty())
    }
}
