//! Group listeners: durable work that is done once per cluster.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{JobKind, Message};

/// A group of workers, by a name that never changes: it names durable things.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Group(pub String);

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a group works.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupSettings {
    /// The kinds of job it takes.
    pub kinds: Vec<JobKind>,
    /// Jobs that may run at the same time on this node.
    pub concurrency: usize,
    /// How long one run may take; a longer one is cut off and counts as a failed attempt.
    pub run_timeout: Duration,
    /// When a failed job is tried again, and how often.
    pub backoff: Backoff,
}

/// The waits between attempts: `first`, then each `factor` times the last up to `longest`, spread by full jitter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// Retries after the first attempt; then the job is a dead letter.
    pub retries: u32,
    /// The wait before the first retry.
    pub first: Duration,
    /// The growth.
    pub factor: u32,
    /// No wait is longer.
    pub longest: Duration,
}

impl Backoff {
    /// The longest wait after the attempt of this `number` (from 1) failed; full jitter draws between nothing and it.
    pub fn ceiling(&self, number: u32) -> Duration {
        let growth = self.factor.saturating_pow(number.saturating_sub(1));
        self.first.saturating_mul(growth).min(self.longest)
    }

    /// The attempt of this `number` (from 1).
    pub fn attempt(&self, number: u32) -> Attempt {
        Attempt { number, is_last: number > self.retries }
    }
}

/// Which try this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// From 1. Ours, not a broker's: an interrupted run and an outage count nothing.
    pub number: u32,
    /// Whether no retry follows.
    pub is_last: bool,
}

/// What became of a run that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Try again later; burns an attempt.
    #[error("try again")]
    Retry(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No retry can help: a dead letter at once.
    #[error("rejected")]
    Reject(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Something that every job of the group needs is away: the group pauses and no attempt is burnt. The listener is
    /// who can say what is away; the bus only waits, ever longer, or until [`GroupListener::recovered`].
    #[error("a dependency is away")]
    Outage(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Does the jobs of a group.
#[async_trait]
pub trait GroupListener: Send + Sync + 'static {
    /// Whether it has anything to do for this message; what it does not handle is acknowledged unseen.
    fn handles(&self, message: &Message) -> bool {
        let _ = message;
        true
    }

    /// Does one job. `Ok` acknowledges it. Must bear being run again for a job that it did already.
    async fn run(&self, message: Message, attempt: Attempt) -> Result<(), Failure>;

    /// Ends a pause early: returns when another run is worth trying after one that ended with [`Failure::Outage`].
    /// Asked for at the beginning of each pause, which may be after the recovery. The default never returns, and the
    /// pause ends with its time.
    async fn recovered(&self) {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;

    const BACKOFF: Backoff =
        Backoff { retries: 2, first: Duration::from_secs(1), factor: 3, longest: Duration::from_secs(5) };

    #[test]
    fn waits_grow_up_to_the_longest() {
        let ceilings = [1, 2, 3, u32::MAX].map(|number| BACKOFF.ceiling(number).as_secs());
        assert_eq!(ceilings, [1, 3, 5, 5]);
    }

    #[test]
    fn the_attempt_after_the_last_retry_is_the_last() {
        let attempts = [1, 2, 3].map(|number| BACKOFF.attempt(number));
        assert_eq!(attempts.map(|attempt| attempt.number), [1, 2, 3]);
        assert_eq!(attempts.map(|attempt| attempt.is_last), [false, false, true]);
    }

    struct Plain;

    #[async_trait]
    impl GroupListener for Plain {
        async fn run(&self, _: Message, _: Attempt) -> Result<(), Failure> {
            Ok(())
        }
    }

    #[test]
    fn a_listener_that_says_nothing_of_recoveries_never_ends_a_pause() {
        let mut context = Context::from_waker(Waker::noop());
        assert!(Plain.recovered().as_mut().poll(&mut context).is_pending());
    }

    #[test]
    fn a_group_is_shown_by_its_name() {
        assert_eq!(Group("alarm mail".to_owned()).to_string(), "alarm mail");
    }
}
