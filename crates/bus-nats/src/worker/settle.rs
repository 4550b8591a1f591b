//! Ends a job on the broker. What is to be kept is stored before the job is acknowledged: a death between the two leaves
//! it twice, and the place of a parked job and the id of a dead letter make that one again where they can.

use std::{error::Error, time::Duration};

use async_nats::{HeaderMap, Subject};
use bus_node::Settlement;
use bytes::Bytes;
use mailbox_event::UnixMillis;
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

use super::{
    job::{self, Job},
    run::Ended,
};
use crate::{
    error::CallError,
    groups::{Broker, Place},
    lasting::Lasting,
};

/// One job in hand.
pub(super) struct Settler<'a> {
    pub(super) broker: &'a Broker,
    pub(super) place: &'a Place,
    /// Where it is answered for.
    pub(super) reply: &'a Subject,
    /// Rung for this node's sweeper, which does not hear what its own connection says.
    pub(super) parked: &'a Notify,
    pub(super) hindrances: &'a Hindrances,
}

/// What keeps the jobs of a worker from their ends. Each is said once, and not for each job.
#[derive(Debug, Default)]
pub(super) struct Hindrances {
    /// There is no room for dead letters.
    full: Lasting,
    /// What waits for its next attempt cannot be stored.
    unparked: Lasting,
    /// A dead letter cannot be stored, though not for want of room.
    unburied: Lasting,
    /// The server does not say that a job is ours no more.
    unacknowledged: Lasting,
}

/// How often an acknowledgement is sent before the job is left to run again.
const ACKNOWLEDGEMENTS: usize = 5;

/// Between two of them.
const PAUSE: Duration = Duration::from_millis(100);

impl Settler<'_> {
    /// Does as `how` says. On an error the job is as it was, and the error is told.
    pub(super) async fn settle(&self, job: Job, how: Settlement) -> Result<Ended, CallError> {
        match how {
            Settlement::Finish => {}
            Settlement::Park { attempts, due_at } => {
                let job = Job { attempts, ..job };
                self.park(&job.stay(), &job, due_at).await?;
            }
            Settlement::Bury { attempts, reason, or_park_until } => {
                self.bury(Job { attempts, ..job }, &reason, or_park_until).await?;
            }
        }
        Ok(self.acknowledge().await)
    }

    async fn park(&self, stay: &str, job: &Job, due_at: UnixMillis) -> Result<(), CallError> {
        let (group, lasting) = (&self.place.group, &self.hindrances.unparked);
        let mut headers = job.headers();
        job::set_due(&mut headers, due_at);
        let stay = self.place.parked(stay);
        if let Err(error) = self.broker.caller.store(stay, headers, job.message.payload.clone()).await {
            let told: &(dyn Error + 'static) = &error;
            if lasting.is_met(Instant::now()) {
                tracing::warn!(%group, error = told, "Jobs cannot be parked and will run again");
            } else {
                tracing::debug!(%group, error = told, "Job cannot be parked and will run again");
            }
            return Err(error);
        }
        if lasting.is_over() {
            tracing::info!(%group, "Jobs are parked again");
        }
        self.parked.notify_one();
        self.broker.say(self.place.bell(), Bytes::new()).await;
        Ok(())
    }

    async fn bury(&self, job: Job, reason: &str, or_park_until: UnixMillis) -> Result<(), CallError> {
        match bury(self.broker, self.place, &job, reason).await {
            Ok(()) => self.buried(),
            Err(error) if error.is_full() => {
                let group = &self.place.group;
                if self.hindrances.full.is_met(Instant::now()) {
                    tracing::error!(%group, "Dead letters are full, jobs without hope are kept waiting");
                }
                let job = Job { attempts: job.attempts.saturating_sub(1), ..job };
                // It was parked after as many attempts before, and the broker knows what was given back from there.
                let stay = format!("{}.{}", job.stay(), or_park_until.0);
                return self.park(&stay, &job, or_park_until).await;
            }
            Err(error) => {
                self.unburied(&error);
                return Err(error);
            }
        }
        Ok(())
    }

    fn unburied(&self, error: &(dyn Error + 'static)) {
        let group = &self.place.group;
        if self.hindrances.unburied.is_met(Instant::now()) {
            tracing::warn!(%group, error, "Jobs without hope cannot be buried and will run again");
        } else {
            tracing::debug!(%group, error, "Job without hope cannot be buried and will run again");
        }
    }

    fn buried(&self) {
        let group = &self.place.group;
        if self.hindrances.full.is_over() {
            tracing::info!(%group, "There is room for dead letters again");
        }
        if self.hindrances.unburied.is_over() {
            tracing::info!(%group, "Jobs without hope are buried again");
        }
    }

    /// Whether the server knows that the job is ours no more. Without its word the job may run again.
    async fn acknowledge(&self) -> Ended {
        for _ in 0..ACKNOWLEDGEMENTS {
            if self.broker.answer(self.reply, "+ACK").await.is_ok() {
                if self.hindrances.unacknowledged.is_over() {
                    tracing::info!(group = %self.place.group, "Jobs are acknowledged again");
                }
                return Ended::Settled;
            }
            sleep(PAUSE).await;
        }
        if self.hindrances.unacknowledged.is_met(Instant::now()) {
            tracing::warn!(group = %self.place.group, "Jobs cannot be acknowledged and will run again");
        }
        Ended::Unsettled
    }

    /// Lets the server give the job to whoever asks next. It would by itself, after its patience.
    pub(super) async fn give_back(&self) {
        give_back(self.broker, self.reply).await;
    }
}

/// See [`Settler::give_back`].
pub(super) async fn give_back(broker: &Broker, reply: &Subject) {
    broker.say(reply.to_string(), Bytes::from_static(b"-NAK")).await;
}

/// Stores a job as a dead letter; one that died twice in one life for want of an acknowledgement is stored once.
pub(crate) async fn bury(broker: &Broker, place: &Place, job: &Job, reason: &str) -> Result<(), CallError> {
    let mut headers: HeaderMap = job.headers();
    job::set_death(&mut headers, reason, broker.now());
    let id = format!("{}.{}.{}.{}", place.token.as_str(), job.life, job.message.id, job.message.topic);
    broker.store_once(place.dead(), id, headers, job.message.payload.clone()).await?;
    Ok(())
}
