//! What the end of a run means for its job. Pure.

use std::time::Duration;

use bus::{Backoff, Failure};
use mailbox_event::UnixMillis;

use crate::{later, reason::reason};

/// What becomes of a job that was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// Done.
    Finish,
    /// To be run again.
    Park {
        /// Attempts that failed so far.
        attempts: u32,
        /// When it is run again.
        due_at: UnixMillis,
    },
    /// No run can help: a dead letter.
    Bury {
        /// Attempts made.
        attempts: u32,
        /// What the last run said.
        reason: String,
        /// Where there is no room for a dead letter, the job is parked until then as if the last attempt had not been.
        or_park_until: UnixMillis,
    },
}

impl Settlement {
    /// Judges the end of the attempt of this `number` (from 1). `draw` spreads a wait. `None`: the job waits as if it had
    /// not been run, for something that its group needs is away.
    pub(crate) fn of(
        end: Result<(), Failure>,
        number: u32,
        backoff: &Backoff,
        now: UnixMillis,
        draw: impl FnOnce(Duration) -> Duration,
    ) -> Option<Self> {
        let cause = match end {
            Ok(()) => return Some(Self::Finish),
            Err(Failure::Outage(_)) => return None,
            Err(Failure::Retry(_)) if !backoff.attempt(number).is_last => {
                return Some(Self::Park {
                    attempts: number,
                    due_at: later(now, draw(backoff.ceiling(number))),
                });
            }
            Err(Failure::Retry(cause) | Failure::Reject(cause)) => cause,
        };
        let or_park_until = later(now, backoff.longest);
        Some(Self::Bury { attempts: number, reason: reason(&*cause), or_park_until })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000_000);
    const BACKOFF: Backoff =
        Backoff { retries: 2, first: Duration::from_secs(1), factor: 10, longest: Duration::from_secs(5) };

    fn settle(number: u32, end: Result<(), Failure>) -> Option<Settlement> {
        Settlement::of(end, number, &BACKOFF, NOW, |wait| wait)
    }

    fn retry() -> Result<(), Failure> {
        Err(Failure::Retry("no luck".into()))
    }

    fn parked(attempts: u32, due_at: u64) -> Option<Settlement> {
        Some(Settlement::Park { attempts, due_at: UnixMillis(due_at) })
    }

    fn buried(attempts: u32, reason: &str) -> Option<Settlement> {
        Some(Settlement::Bury { attempts, reason: reason.to_owned(), or_park_until: UnixMillis(1_005_000) })
    }

    #[test]
    fn a_failed_attempt_is_parked_until_the_last_which_is_buried() {
        assert_eq!(settle(1, Ok(())), Some(Settlement::Finish));
        assert_eq!(settle(1, retry()), parked(1, 1_001_000));
        assert_eq!(settle(2, retry()), parked(2, 1_005_000));
        assert_eq!(settle(3, retry()), buried(3, "no luck"));
    }

    #[test]
    fn a_rejected_job_is_buried_and_an_outage_changes_nothing() {
        assert_eq!(settle(1, Err(Failure::Reject("never".into()))), buried(1, "never"));
        assert_eq!(settle(3, Err(Failure::Outage("away".into()))), None);
    }

    #[test]
    fn a_wait_is_as_long_as_was_drawn() {
        let drawn = Settlement::of(retry(), 2, &BACKOFF, NOW, |ceiling| ceiling / 2);
        assert_eq!(drawn, parked(2, 1_002_500));
    }

    proptest! {
        #[test]
        fn no_attempt_is_made_beyond_the_last(retries in 0u32..20, number in 1u32..40) {
            let backoff = Backoff { retries, ..BACKOFF };
            let settled = Settlement::of(retry(), number, &backoff, NOW, |wait| wait);
            let is_parked = matches!(settled, Some(Settlement::Park { attempts, .. }) if attempts == number);
            prop_assert_eq!(is_parked, number <= retries);
        }
    }
}
