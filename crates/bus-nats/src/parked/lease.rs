//! Who sweeps: the lease of a group.

use std::time::Duration;

use bus::{Bucket, PutError, Revision};
use bytes::Bytes;

use crate::{
    error::CallError,
    every::Every,
    groups::{Broker, GroupToken},
    kept::values,
};

/// How long a lease is held without a sign of life.
const HELD: Duration = Duration::from_secs(3);

/// How often it is taken or kept: often enough that none is over while its holder lives.
const KEEP: Duration = Duration::from_secs(1);

/// What a holder says who leaves.
pub(super) const FREE: Bytes = Bytes::from_static(b"free");

/// See the module. Two holders at once, by clocks that differ, do no harm: the stream of the jobs drops doubles.
pub(super) struct Lease {
    key: String,
    /// What it was given last.
    held: Option<Revision>,
    time: Every,
}

impl Lease {
    pub(super) fn new(group: &GroupToken) -> Self {
        Self { key: format!("group-{}", group.as_str()), held: None, time: Every::new(KEEP) }
    }

    /// Somebody said that it is free.
    pub(super) fn try_now(&mut self) {
        self.time.hurry();
    }

    /// Takes or keeps it, when it is time. Whether it is ours.
    pub(super) async fn keep(&mut self, broker: &Broker) -> Result<bool, CallError> {
        if !self.time.is_due(broker.now()) {
            return Ok(self.held.is_some());
        }
        let put = values::compare_and_put(
            broker,
            Bucket::Leases,
            &self.key,
            (Bytes::from_static(b"held"), HELD),
            self.held,
        );
        match put.await {
            Ok(revision) => self.held = Some(revision),
            Err(PutError::Conflict) => self.held = None,
            Err(PutError::Bus(error)) => {
                self.held = None;
                return Err(CallError::Answer(error.into()));
            }
        }
        Ok(self.held.is_some())
    }

    /// Gives it up. Whether it was ours.
    pub(super) async fn free(&mut self, broker: &Broker) -> bool {
        let Some(revision) = self.held.take() else { return false };
        values::delete(broker, Bucket::Leases, &self.key, Some(revision)).await.is_ok()
    }
}
