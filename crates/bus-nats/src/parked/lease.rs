//! Who sweeps: the lease of a group.

use std::time::Duration;

use bus::{Bucket, PutError, Revision};
use bus_node::later;
use bytes::Bytes;
use mailbox_event::UnixMillis;

use crate::{
    error::CallError,
    groups::{Broker, GroupToken},
    kept::values,
};

/// How long a lease is held without a sign of life.
const HELD: Duration = Duration::from_secs(3);

/// How often it is taken or kept.
const KEEP: Duration = Duration::from_secs(1);

/// What a holder says who leaves.
pub(super) const FREE: Bytes = Bytes::from_static(b"free");

/// See the module. Two holders at once, by clocks that differ, do no harm: the stream of the jobs drops doubles.
pub(super) struct Lease {
    key: String,
    /// What it was given last, and when it is over.
    held: Option<(Revision, UnixMillis)>,
    next: UnixMillis,
}

impl Lease {
    pub(super) fn new(group: &GroupToken) -> Self {
        Self { key: format!("group-{}", group.as_str()), held: None, next: UnixMillis(0) }
    }

    /// Somebody said that it is free.
    pub(super) fn try_now(&mut self) {
        self.next = UnixMillis(0);
    }

    /// Takes or keeps it, when it is time. Whether it is ours.
    pub(super) async fn keep(&mut self, broker: &Broker) -> Result<bool, CallError> {
        let now = broker.now();
        if now < self.next && self.next <= later(now, KEEP) {
            return Ok(self.is_held(now));
        }
        self.next = later(now, KEEP);
        let expected = self.held.map(|(revision, _)| revision);
        let put = values::compare_and_put(
            broker,
            Bucket::Leases,
            &self.key,
            (Bytes::from_static(b"held"), HELD),
            expected,
        );
        match put.await {
            Ok(revision) => self.held = Some((revision, later(now, HELD))),
            Err(PutError::Conflict) => self.held = None,
            Err(PutError::Bus(error)) => {
                self.held = None;
                return Err(CallError::Answer(error.into()));
            }
        }
        Ok(self.held.is_some())
    }

    fn is_held(&self, now: UnixMillis) -> bool {
        self.held.is_some_and(|(_, until)| now < until)
    }

    /// Gives it up. Whether it was ours.
    pub(super) async fn free(&mut self, broker: &Broker) -> bool {
        let Some((revision, _)) = self.held.take() else { return false };
        values::delete(broker, Bucket::Leases, &self.key, Some(revision)).await.is_ok()
    }
}
