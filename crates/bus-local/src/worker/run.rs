//! One run of one job, and what its end means.

use std::{error::Error, panic::AssertUnwindSafe, sync::Arc};

use bus::{Failure, Group, GroupListener, GroupSettings};
use bus_node::{later, reason};
use futures_util::FutureExt;

use crate::{
    shared::Shared,
    tables::{Settled, Settlement, TakenJob},
};

/// What the worker makes of the end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The job is finished, parked or dead.
    Settled,
    /// It waits as before, and so should the group.
    Outage,
}

#[derive(Debug, thiserror::Error)]
#[error("listener panicked")]
struct Panicked;

#[derive(Debug, thiserror::Error)]
#[error("run took longer than {0:?}")]
struct TimedOut(std::time::Duration);

/// Runs `job` and settles it. Its claim is dropped last: when this is cut off, the job is free again.
pub(super) async fn run(
    shared: Arc<Shared>,
    group: Arc<Group>,
    settings: GroupSettings,
    listener: Arc<dyn GroupListener>,
    job: TakenJob,
) -> Ended {
    let TakenJob { id, message, attempts, claim } = job;
    let number = attempts.saturating_add(1);
    let end = attempt(&shared, &settings, &*listener, message, number).await;
    let Some(settlement) = settlement(&shared, &settings, number, end) else { return Ended::Outage };
    let (now, remember) = (shared.now(), shared.settings.remember_finished);
    let name = group.clone();
    let settled =
        shared.writer.call(move |tables| tables.settle(id, &name, &settlement, (now, remember))).await;
    drop(claim);
    match settled {
        Ok(Settled::Done) => Ended::Settled,
        Ok(Settled::DeadLettersFull) => {
            tracing::error!(group = %group, "Dead letters are full, jobs without hope are kept waiting");
            Ended::Settled
        }
        Err(error) => {
            tracing::warn!(group = %group, error = &error as &dyn Error, "Job cannot be settled and will run again");
            Ended::Outage
        }
    }
}

async fn attempt(
    shared: &Shared,
    settings: &GroupSettings,
    listener: &dyn GroupListener,
    message: bus::Message,
    number: u32,
) -> Result<(), Failure> {
    let run = async {
        if listener.handles(&message) {
            listener.run(message, settings.backoff.attempt(number)).await
        } else {
            Ok(())
        }
    };
    tokio::select! {
        // A run that is done in time is done, even if its time is over by now.
        biased;
        end = AssertUnwindSafe(run).catch_unwind() => end.unwrap_or_else(|_| Err(Failure::Retry(Panicked.into()))),
        () = shared.surroundings.clock.sleep(settings.run_timeout) => {
            Err(Failure::Retry(TimedOut(settings.run_timeout).into()))
        }
    }
}

/// `None`: the job waits as if it had not been run.
fn settlement(
    shared: &Shared,
    settings: &GroupSettings,
    number: u32,
    end: Result<(), Failure>,
) -> Option<Settlement> {
    let backoff = &settings.backoff;
    let bury = |cause: &dyn Error| Settlement::Bury {
        attempts: number,
        reason: reason(cause),
        or_park_until: later(shared.now(), backoff.longest),
    };
    match end {
        Ok(()) => Some(Settlement::Finish),
        Err(Failure::Outage(_)) => None,
        Err(Failure::Reject(cause)) => Some(bury(&*cause)),
        Err(Failure::Retry(cause)) if backoff.attempt(number).is_last => Some(bury(&*cause)),
        Err(Failure::Retry(_)) => {
            let wait = (shared.surroundings.jitter)(backoff.ceiling(number));
            Some(Settlement::Park { attempts: number, due_at: later(shared.now(), wait) })
        }
    }
}
