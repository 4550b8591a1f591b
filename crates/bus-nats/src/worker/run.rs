//! One run of one job, and its settlement.

use std::{error::Error, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use bus::{Failure, GroupListener, GroupSettings, Message};
use bus_node::later;
use futures_util::FutureExt;
use tokio::{
    sync::{Notify, watch},
    time::sleep,
};

use super::{
    delivery::Delivery,
    job::Job,
    settle::Settler,
    settlement::{Settlement, settlement},
};
use crate::groups::{Broker, Place};

/// What the worker makes of the end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The job is finished, parked or dead.
    Settled,
    /// It is the server's again, and the group should wait.
    Outage,
    /// It was cut off and is the server's again.
    CutOff,
}

#[derive(Debug, thiserror::Error)]
#[error("listener panicked")]
struct Panicked;

#[derive(Debug, thiserror::Error)]
#[error("run took longer than {0:?}")]
struct TimedOut(Duration);

/// What every run of a worker needs.
pub(crate) struct Runner {
    pub(crate) broker: Broker,
    pub(crate) place: Arc<Place>,
    pub(crate) settings: GroupSettings,
    pub(crate) listener: Arc<dyn GroupListener>,
    /// Rung when a job was parked here.
    pub(crate) parked: Arc<Notify>,
}

impl Runner {
    /// Runs a job and settles it; `cut` ends the run, but no settlement that has begun.
    pub(super) async fn run(self: Arc<Self>, delivery: Delivery, cut: watch::Receiver<()>) -> Ended {
        let settler = Settler {
            broker: &self.broker,
            place: &self.place,
            reply: &delivery.reply,
            parked: &self.parked,
        };
        tokio::select! {
            ended = self.run_and_settle(delivery.job, cut, &settler) => ended,
            () = self.show_life(&delivery.reply) => Ended::Outage,
        }
    }

    async fn run_and_settle(
        &self,
        job: Result<Job, (Job, super::job::Poison)>,
        cut: watch::Receiver<()>,
        settler: &Settler<'_>,
    ) -> Ended {
        let (job, how) = match job {
            Ok(job) if job.message.is_noop() => (job, Settlement::Finish),
            Ok(job) => match self.attempt(&job, cut).await {
                Some(how) => (job, how),
                None => {
                    settler.give_back().await;
                    return Ended::CutOff;
                }
            },
            Err((job, poison)) => (job, Settlement::Bury { attempts: 0, reason: poison.to_string() }),
        };
        let backoff = &self.settings.backoff;
        match settler.settle(job, how, later(self.broker.now(), backoff.longest)).await {
            Ok(true) => Ended::Settled,
            Ok(false) => Ended::Outage,
            Err(error) => {
                let group = &self.place.group;
                tracing::warn!(%group, error = &error as &dyn Error, "Job cannot be settled and will run again");
                settler.give_back().await;
                Ended::Outage
            }
        }
    }

    /// `None`: it was cut off.
    async fn attempt(&self, job: &Job, mut cut: watch::Receiver<()>) -> Option<Settlement> {
        let number = job.attempts.saturating_add(1);
        let end = tokio::select! {
            biased;
            // A registration that is over by now has no business with the job.
            _ = cut.changed() => return None,
            end = self.bounded(job.message.clone(), number) => end,
        };
        let surroundings = &self.broker.surroundings;
        let draw = |ceiling| (surroundings.jitter)(ceiling);
        Some(settlement(&self.settings.backoff, number, end, self.broker.now(), draw))
    }

    async fn bounded(&self, message: Message, number: u32) -> Result<(), Failure> {
        let (listener, limit) = (&self.listener, self.settings.run_timeout);
        let run = async {
            if listener.handles(&message) {
                listener.run(message, self.settings.backoff.attempt(number)).await
            } else {
                Ok(())
            }
        };
        tokio::select! {
            // A run that is done in time is done, even if its time is over by now.
            biased;
            end = AssertUnwindSafe(run).catch_unwind() => end.unwrap_or_else(|_| Err(Failure::Retry(Panicked.into()))),
            () = self.broker.surroundings.clock.sleep(limit) => Err(Failure::Retry(TimedOut(limit).into())),
        }
    }

    /// Keeps the job ours for as long as it takes. By the machine's time, for that is the server's.
    async fn show_life(&self, reply: &async_nats::Subject) {
        loop {
            sleep(self.broker.settings.ack_wait / 3).await;
            self.broker.say(reply.to_string(), bytes::Bytes::from_static(b"+WPI")).await;
        }
    }
}
