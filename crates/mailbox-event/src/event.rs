//! Events: notifications with an id of ours.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Notification;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(pub u64);

/// The identity of one relay's spool, drawn at random when the spool is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RelayId(pub u64);

/// Which notification it was: a relay's spool and the place in it. The same notification replayed has the same id;
/// two notifications of equal content have different ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventId {
    /// The relay that took it from the mail server.
    pub relay: RelayId,
    /// Its sequence number in that relay's spool, from 1.
    pub sequence: u64,
}

/// `<relay, 16 hex digits>-<sequence>`
impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.relay.0, self.sequence)
    }
}

/// A notification on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its identity.
    pub id: EventId,
    /// When relay took it from the mail server.
    pub taken_at: UnixMillis,
    /// What the mail server said.
    pub notification: Notification,
}
