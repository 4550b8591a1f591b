//! The work of who holds the lease: reading what is parked, and giving back what is due.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::sleep;

use super::heap::ParkedHeap;
use crate::{
    error::CallError,
    groups::{Broker, Lying, Phantoms, Place},
    streams::PARKED,
    worker::{Job, bury, due},
};

/// Due jobs that are taken from the heap at one time: what became due meanwhile is looked at between two such.
const BATCH: usize = 256;

/// Jobs that are given back at the same time: each costs three calls.
const AT_ONCE: usize = 16;

/// Messages that are read in one go, for the same reason.
const READ_IN_A_ROW: usize = 1024;

/// The wait before what a replica lacked is read again.
pub(super) const AFTER_FAILURE: Duration = Duration::from_millis(250);

/// See the module.
pub(super) struct Sweep {
    broker: Broker,
    place: Arc<Place>,
    /// No wait of the group is longer.
    longest: Duration,
    pub(super) heap: ParkedHeap,
    phantoms: Phantoms,
}

impl Sweep {
    pub(super) fn new(broker: Broker, place: Arc<Place>, longest: Duration) -> Self {
        Self { broker, place, longest, heap: ParkedHeap::default(), phantoms: Phantoms::default() }
    }

    /// Another may sweep from now on, or what is in the heap may be given back or not: the stream knows.
    pub(super) fn forget(&mut self) {
        self.heap = ParkedHeap::default();
    }

    /// Does what there is to do now. May be given up at any time by who forgets then.
    pub(super) async fn give_back_what_is_due(&mut self) -> Result<(), CallError> {
        self.phantoms.look(&self.broker, &self.place).await?;
        self.read().await?;
        let due = self.heap.take_due(self.broker.now(), self.longest, BATCH);
        let this = &*self;
        let given = stream::iter(due).map(async |sequence| this.give_back(sequence).await);
        let lagging: Vec<_> = given.buffer_unordered(AT_ONCE).try_collect().await?;
        if lagging.into_iter().any(|is_lagging| is_lagging) {
            // Read again from the beginning, when the replica may have caught up.
            self.forget();
            sleep(AFTER_FAILURE).await;
        }
        Ok(())
    }

    /// Reads what was parked since the last time.
    async fn read(&mut self) -> Result<(), CallError> {
        let filter = self.place.all_parked();
        for _ in 0..READ_IN_A_ROW {
            let Some(lying) = self.broker.next(PARKED, self.heap.next_place(), &filter).await? else {
                self.heap.note_end();
                break;
            };
            self.heap.note(lying.sequence, due(&lying.headers));
        }
        Ok(())
    }

    /// Whether the stream has it and a replica that was asked has not yet.
    async fn give_back(&self, sequence: u64) -> Result<bool, CallError> {
        let Some(Lying { headers, payload, stored, subject: place, .. }) =
            self.broker.at(PARKED, sequence).await?
        else {
            // Parked again after the same attempt, it has another place.
            return self.broker.leader_has(PARKED, sequence).await;
        };
        match Job::read(&headers, None, payload.clone(), stored) {
            Ok(job) => {
                // Its place, which is another for each stay: what stands for an earlier one would be a double.
                let id = format!("retry.{place}");
                let subject = self.place.retry(&job.message.topic);
                self.broker.store_job(subject, id, job.headers(), job.message.payload).await?;
            }
            Err(poison) => {
                let job = Job::unreadable(sequence, payload, stored);
                bury(&self.broker, &self.place, &job, &poison.to_string()).await?;
            }
        }
        self.broker.delete(PARKED, sequence).await?;
        Ok(false)
    }
}
