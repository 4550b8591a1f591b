//! Who sweeps: the lease of a group.

mod vigil;

use std::time::Duration;

use bus::{Bucket, BusError, PutError, Revision};
use bytes::Bytes;

use crate::{
    error::CallError,
    every::Every,
    groups::{Broker, GroupToken},
    kept::values,
};
use vigil::Vigil;

/// How long a lease is held without a sign of life.
const HELD: Duration = Duration::from_secs(3);

/// How often it is taken or kept: often enough that none is over while its holder lives.
const KEEP: Duration = Duration::from_secs(1);

/// What a holder says who leaves.
pub(super) const FREE: Bytes = Bytes::from_static(b"free");

/// See the module. Two holders at once, by clocks that differ, do no harm: the stream of the jobs drops doubles.
pub(super) struct Lease {
    key: String,
    /// Names this node in it, so that one that it was given is known without the server's answer.
    holder: Bytes,
    /// What it was given last.
    held: Option<Revision>,
    vigil: Vigil,
    time: Every,
}

impl Lease {
    /// `holder` is another for each node and registration.
    pub(super) fn new(group: &GroupToken, holder: Bytes) -> Self {
        let key = format!("group-{}", group.as_str());
        Self { key, holder, held: None, vigil: Vigil::default(), time: Every::new(KEEP) }
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
        let put = self.take_or_keep(broker).await;
        self.held = put.as_ref().ok().copied().flatten();
        match put {
            Ok(held) => Ok(held.is_some()),
            Err(PutError::Conflict) => Ok(false),
            Err(PutError::Bus(error)) => Err(CallError::Answer(error.into())),
        }
    }

    /// Keeps it while its holder works, however long that takes. Comes when it is lost; may be given up at any time.
    pub(super) async fn lost(&mut self, broker: &Broker) -> Result<(), CallError> {
        loop {
            broker.surroundings.clock.sleep(KEEP).await;
            if !self.keep(broker).await? {
                return Ok(());
            }
        }
    }

    /// `None`: another holds it.
    async fn take_or_keep(&mut self, broker: &Broker) -> Result<Option<Revision>, PutError> {
        if let Some(held) = self.held {
            let kept = self.put(broker, Some(held)).await;
            // One that was given up before its answer may be what stands in the way: what lies there names its writer.
            if !matches!(kept, Err(PutError::Conflict)) {
                return kept.map(Some);
            }
        }
        let expected = match self.found(broker).await? {
            Found::Ours(revision) => Some(revision),
            // It was over, or its server was replaced by an empty one: who takes it again begins from the first.
            Found::Free if self.held.is_some() => return Ok(None),
            Found::Free => None,
            Found::Theirs => return Ok(None),
        };
        self.put(broker, expected).await.map(Some)
    }

    async fn put(&self, broker: &Broker, expected: Option<Revision>) -> Result<Revision, PutError> {
        values::compare_and_put(broker, Bucket::Leases, &self.key, (self.holder.clone(), HELD), expected)
            .await
    }

    async fn found(&mut self, broker: &Broker) -> Result<Found, BusError> {
        let Some(lease) = values::get(broker, Bucket::Leases, &self.key).await? else {
            return Ok(Found::Free);
        };
        let is_ours = lease.value == self.holder || self.vigil.is_abandoned(lease.revision);
        Ok(if is_ours { Found::Ours(lease.revision) } else { Found::Theirs })
    }

    /// Gives it up. Whether it was ours.
    pub(super) async fn free(&mut self, broker: &Broker) -> bool {
        let Some(revision) = self.held.take() else { return false };
        match self.delete(broker, revision).await {
            // As in `take_or_keep`.
            Err(PutError::Conflict) => match self.found(broker).await {
                Ok(Found::Ours(revision)) => self.delete(broker, revision).await.is_ok(),
                _ => false,
            },
            deleted => deleted.is_ok(),
        }
    }

    async fn delete(&self, broker: &Broker, revision: Revision) -> Result<(), PutError> {
        values::delete(broker, Bucket::Leases, &self.key, Some(revision)).await
    }
}

/// What a look at a lease says.
enum Found {
    /// Nobody holds it.
    Free,
    /// It was given to this node, or may be taken from who holds it.
    Ours(Revision),
    /// Its holder lives.
    Theirs,
}

#[cfg(test)]
mod tests;
