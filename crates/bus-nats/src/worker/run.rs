//! One run of one job, and its settlement.

use std::sync::Arc;

use bus::{GroupListener, GroupSettings};
use bus_node::{Settlement, attempt, later};
use tokio::{
    sync::{Notify, watch},
    time::sleep,
};

use super::{
    delivery::Delivery,
    job::{Job, Poison},
    settle::{Hindrances, Settler},
};
use crate::groups::{Broker, Place};

/// What the worker makes of the end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The job is finished, parked or dead.
    Settled,
    /// It is the server's again, and the group should wait until the listener says that what was away is back.
    Outage,
    /// It is the server's again, for the bus does not take what became of it. The listener knows nothing of that.
    Unsettled,
}

/// What every run of a worker needs.
pub(crate) struct Runner {
    pub(crate) broker: Broker,
    pub(crate) place: Arc<Place>,
    pub(crate) settings: GroupSettings,
    pub(crate) listener: Arc<dyn GroupListener>,
    /// Rung when a job was parked here.
    parked: Arc<Notify>,
    hindrances: Hindrances,
}

impl Runner {
    /// `parked` is rung when a job was parked here.
    pub(crate) fn new(
        broker: Broker,
        place: Arc<Place>,
        settings: GroupSettings,
        listener: Arc<dyn GroupListener>,
        parked: Arc<Notify>,
    ) -> Self {
        Self { broker, place, settings, listener, parked, hindrances: Hindrances::default() }
    }

    /// Runs a job and settles it; `cut` ends the run, but no settlement that has begun.
    pub(super) async fn run(self: Arc<Self>, delivery: Delivery, cut: watch::Receiver<()>) -> Ended {
        let settler = Settler {
            broker: &self.broker,
            place: &self.place,
            reply: &delivery.reply,
            parked: &self.parked,
            hindrances: &self.hindrances,
        };
        tokio::select! {
            ended = self.run_and_settle(delivery.job, cut, &settler) => ended,
            () = self.show_life(&delivery.reply) => Ended::Outage,
        }
    }

    async fn run_and_settle(
        &self,
        job: Result<Job, (Job, Poison)>,
        cut: watch::Receiver<()>,
        settler: &Settler<'_>,
    ) -> Ended {
        let (job, how) = match job {
            Ok(job) => {
                let how = self.attempt(&job, cut).await;
                (job, how)
            }
            Err((job, poison)) => (job, Some(self.burial(poison))),
        };
        let Some(how) = how else {
            settler.give_back().await;
            return Ended::Outage;
        };
        match settler.settle(job, how).await {
            Ok(ended) => ended,
            // It was told where it was met.
            Err(_) => {
                settler.give_back().await;
                Ended::Unsettled
            }
        }
    }

    /// `None`: it was cut off, or something that the group needs is away.
    async fn attempt(&self, job: &Job, mut cut: watch::Receiver<()>) -> Option<Settlement> {
        let surroundings = &self.broker.surroundings;
        tokio::select! {
            biased;
            // A registration that is over by now has no business with the job.
            _ = cut.changed() => None,
            how = attempt(surroundings, &self.settings, &*self.listener, job.message.clone(), job.attempts) => how,
        }
    }

    /// No run is needed to see that none can help.
    fn burial(&self, poison: Poison) -> Settlement {
        let or_park_until = later(self.broker.now(), self.settings.backoff.longest);
        Settlement::Bury { attempts: 0, reason: poison.to_string(), or_park_until }
    }

    /// Keeps the job ours for as long as it takes. By the machine's time, for that is the server's.
    async fn show_life(&self, reply: &async_nats::Subject) {
        loop {
            sleep(self.broker.settings.ack_wait / 3).await;
            self.broker.say(reply.to_string(), bytes::Bytes::from_static(b"+WPI")).await;
        }
    }
}
