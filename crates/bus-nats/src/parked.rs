//! What waits for its next attempt lies in the stream PARKED, outside of what the consumers know: it holds no place and
//! delays nobody. The node that holds the group's lease knows by heart when each is due, and gives it back then.
//!
//! It is given back before it is taken away. A node that dies between the two leaves it parked, the next one gives it
//! back again, and the stream of the jobs drops the double by its id.

mod heap;
mod lease;

use std::{sync::Arc, time::Duration};

use async_nats::Subscriber;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::{sync::Notify, time::sleep};

use crate::{
    error::CallError,
    groups::{Broker, Lying, Phantoms, Place},
    streams::PARKED,
    worker::{Ends, Job, bury, due},
};
use heap::ParkedHeap;
use lease::{FREE, Lease};

/// How often the holder looks for what nobody told it of.
const LOOK: Duration = Duration::from_secs(1);

/// Due jobs that are taken from the heap at one time: the lease is looked after between two such.
const BATCH: usize = 256;

/// Jobs that are given back at the same time: each costs three calls.
const AT_ONCE: usize = 16;

/// Messages that are read in one go, for the same reason.
const READ_IN_A_ROW: usize = 1024;

/// The wait after a call that failed.
const AFTER_FAILURE: Duration = Duration::from_millis(250);

/// Gives back what is due.
pub(crate) struct Sweeper {
    broker: Broker,
    place: Arc<Place>,
    /// No wait of the group is longer.
    longest: Duration,
    /// Says that another node parked something, or that the lease is free.
    bell: Subscriber,
    /// The same of this node.
    parked: Arc<Notify>,
    lease: Lease,
    heap: ParkedHeap,
    phantoms: Phantoms,
}

impl Sweeper {
    pub(crate) fn new(
        broker: Broker,
        place: Arc<Place>,
        longest: Duration,
        bell: Subscriber,
        parked: Arc<Notify>,
    ) -> Self {
        let lease = Lease::new(&place.token);
        Self {
            broker,
            place,
            longest,
            bell,
            parked,
            lease,
            heap: ParkedHeap::default(),
            phantoms: Phantoms::default(),
        }
    }

    /// Sweeps until the registration is dropped or the bus closes, and then lets another.
    pub(crate) async fn sweep(mut self, mut ends: Ends) {
        loop {
            tokio::select! {
                biased;
                () = ends.come() => break,
                () = self.turn() => {}
            }
        }
        if self.lease.free(&self.broker).await {
            self.broker.say(self.place.bell(), FREE).await;
        }
    }

    async fn turn(&mut self) {
        match self.give_back_what_is_due().await {
            Ok(()) => self.wait().await,
            Err(error) => {
                tracing::debug!(group = %self.place.group, %error, "Parked jobs cannot be swept");
                // What is in the heap may be given back or not: the stream knows.
                self.heap = ParkedHeap::default();
                sleep(AFTER_FAILURE).await;
            }
        }
    }

    async fn give_back_what_is_due(&mut self) -> Result<(), CallError> {
        self.broker.check_ready()?;
        if !self.lease.keep(&self.broker).await? {
            self.heap = ParkedHeap::default();
            return Ok(());
        }
        self.phantoms.look(&self.broker, &self.place).await?;
        self.read().await?;
        let due = self.heap.take_due(self.broker.now(), self.longest, BATCH);
        let this = &*self;
        let given = stream::iter(due).map(async |sequence| this.give_back(sequence).await);
        let lagging: Vec<_> = given.buffer_unordered(AT_ONCE).try_collect().await?;
        if lagging.into_iter().any(|is_lagging| is_lagging) {
            // Read again from the beginning, when the replica may have caught up.
            self.heap = ParkedHeap::default();
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

    async fn wait(&mut self) {
        let clock = &self.broker.surroundings.clock;
        tokio::select! {
            () = clock.sleep(self.heap.rest(clock.now(), LOOK)) => {}
            () = self.parked.notified() => {}
            Some(message) = self.bell.next() => {
                if message.payload == FREE {
                    self.lease.try_now();
                }
            }
        }
    }
}
