//! What the end of a run means for its job. Pure.

use std::{error::Error, time::Duration};

use bus::{Backoff, Failure};
use bus_node::{later, reason};
use mailbox_event::UnixMillis;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settlement {
    /// Done.
    Finish,
    /// To be run again at a time.
    Park { attempts: u32, due_at: UnixMillis },
    /// No run can help.
    Bury { attempts: u32, reason: String },
    /// As if it had not been run: something that the group needs is away.
    Return,
}

/// Judges the end of the attempt of this `number`. `draw` spreads a wait.
pub(crate) fn settlement(
    backoff: &Backoff,
    number: u32,
    end: Result<(), Failure>,
    now: UnixMillis,
    draw: impl FnOnce(Duration) -> Duration,
) -> Settlement {
    let bury = |cause: &dyn Error| Settlement::Bury { attempts: number, reason: reason(cause) };
    match end {
        Ok(()) => Settlement::Finish,
        Err(Failure::Outage(_)) => Settlement::Return,
        Err(Failure::Reject(cause)) => bury(&*cause),
        Err(Failure::Retry(cause)) if backoff.attempt(number).is_last => bury(&*cause),
        Err(Failure::Retry(_)) => {
            Settlement::Park { attempts: number, due_at: later(now, draw(backoff.ceiling(number))) }
        }
    }
}

#[cfg(test)]
mod tests {
    use bus_node::LONGEST_REASON;
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000_000);
    const BACKOFF: Backoff =
        Backoff { retries: 2, first: Duration::from_secs(1), factor: 10, longest: Duration::from_secs(5) };

    fn settle(number: u32, end: Result<(), Failure>) -> Settlement {
        settlement(&BACKOFF, number, end, NOW, |wait| wait)
    }

    fn retry() -> Result<(), Failure> {
        Err(Failure::Retry("no luck".into()))
    }

    #[test]
    fn a_failed_attempt_is_parked_until_the_last_which_is_buried() {
        assert_eq!(settle(1, Ok(())), Settlement::Finish);
        assert_eq!(settle(1, retry()), Settlement::Park { attempts: 1, due_at: UnixMillis(1_001_000) });
        assert_eq!(settle(2, retry()), Settlement::Park { attempts: 2, due_at: UnixMillis(1_005_000) });
        assert_eq!(settle(3, retry()), Settlement::Bury { attempts: 3, reason: "no luck".to_owned() });
    }

    #[test]
    fn a_rejected_job_is_buried_and_an_outage_changes_nothing() {
        let rejected = settle(1, Err(Failure::Reject("never".into())));
        assert_eq!(rejected, Settlement::Bury { attempts: 1, reason: "never".to_owned() });
        assert_eq!(settle(3, Err(Failure::Outage("away".into()))), Settlement::Return);
    }

    #[test]
    fn a_reason_names_what_is_behind_it_and_has_a_bound() {
        let behind = std::io::Error::other(Failure::Retry("deep".into()));
        assert_eq!(reason(&behind), "try again: deep");
        assert_eq!(reason(&std::io::Error::other("é".repeat(2000))).len(), LONGEST_REASON);
    }

    proptest! {
        #[test]
        fn no_attempt_is_made_beyond_the_last(retries in 0u32..20, number in 1u32..40) {
            let backoff = Backoff { retries, ..BACKOFF };
            let settled = settlement(&backoff, number, retry(), NOW, |wait| wait);
            let is_parked = matches!(settled, Settlement::Park { attempts, .. } if attempts == number);
            prop_assert_eq!(is_parked, number <= retries);
        }
    }
}
