//! One run of one job.

use std::{panic::AssertUnwindSafe, time::Duration};

use bus::{Failure, GroupListener, GroupSettings, Message};
use futures_util::FutureExt;

use crate::{Settlement, Surroundings};

#[derive(Debug, thiserror::Error)]
#[error("listener panicked")]
struct Panicked;

#[derive(Debug, thiserror::Error)]
#[error("run took longer than {0:?}")]
struct TimedOut(Duration);

/// Has `listener` do `job`, of which `failed` attempts failed before, and judges the end. `None`: the job waits as if it
/// had not been run, for something that its group needs is away.
pub async fn attempt(
    surroundings: &Surroundings,
    settings: &GroupSettings,
    listener: &dyn GroupListener,
    job: Message,
    failed: u32,
) -> Option<Settlement> {
    let (number, backoff) = (failed.saturating_add(1), &settings.backoff);
    let run = async {
        if listener.handles(&job) { listener.run(job, backoff.attempt(number)).await } else { Ok(()) }
    };
    let limit = settings.run_timeout;
    let end = tokio::select! {
        // A run that is done in time is done, even if its time is over by now.
        biased;
        end = AssertUnwindSafe(run).catch_unwind() => end.unwrap_or_else(|_| Err(Failure::Retry(Panicked.into()))),
        () = surroundings.clock.sleep(limit) => Err(Failure::Retry(TimedOut(limit).into())),
    };
    Settlement::of(end, number, backoff, surroundings.clock.now(), |ceiling| (surroundings.jitter)(ceiling))
}
