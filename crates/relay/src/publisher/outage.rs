//! What to do when the bus does not take something: nothing more is begun, what is under way ends, and after a wait all
//! goes on.

use std::{error::Error, time::Duration};

use bus::BusError;
use kit::backoff::Backoff;
use rand::Rng;
use tokio::time::Instant;

/// See the module.
#[derive(Debug)]
pub(super) struct Outage {
    /// What waits meanwhile, for the log.
    held: &'static str,
    backoff: Backoff,
    /// Waits since all was well.
    attempts: u32,
    pace: Pace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    Going,
    /// Something failed, and what is under way ends.
    Ending,
    Waiting(Instant),
}

impl Outage {
    pub fn new(held: &'static str, first: Duration, longest: Duration) -> Self {
        let backoff = Backoff::new(first, longest).expect("the constants are in order");
        Self { held, backoff, attempts: 0, pace: Pace::Going }
    }

    /// One of `what` failed. The first of it is told.
    pub fn failed(&mut self, what: &'static str, error: &BusError) {
        if self.attempts == 0 && self.pace == Pace::Going {
            let held = self.held;
            let is_transient = error.is_transient();
            // With what it was caused by, which names what is to be done.
            let error = error as &dyn Error;
            if is_transient {
                tracing::warn!(error, what, held, "Bus takes no messages, the spool keeps them");
            } else {
                tracing::error!(error, what, held, "Bus refuses messages, the spool keeps them");
            }
        }
        self.pace = Pace::Ending;
    }

    /// What failed is done.
    pub fn is_over(&mut self) {
        if std::mem::take(&mut self.attempts) > 0 {
            tracing::info!(held = self.held, "Bus takes messages again");
        }
    }

    /// Nothing is under way at `now`: it waits, if something failed.
    pub fn ended(&mut self, now: Instant, rng: &mut impl Rng) {
        if self.pace == Pace::Ending {
            self.attempts = self.attempts.saturating_add(1);
            self.pace = Pace::Waiting(now + self.backoff.delay(self.attempts, rng));
        }
    }

    /// The end of the wait, while it waits.
    pub fn until(&self) -> Option<Instant> {
        match self.pace {
            Pace::Waiting(until) => Some(until),
            _ => None,
        }
    }

    /// The wait has ended.
    pub fn go_on(&mut self) {
        self.pace = Pace::Going;
    }

    /// Whether more may be begun.
    pub fn is_going(&self) -> bool {
        self.pace == Pace::Going
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> BusError {
        BusError::Unavailable("away".into())
    }

    #[test]
    fn after_what_is_under_way_it_waits_and_goes_on_at_once_when_all_is_well() {
        let (now, longest) = (Instant::now(), Duration::from_secs(2));
        let mut outage = Outage::new("all", Duration::from_millis(20), longest);
        outage.ended(now, &mut rand::rng());
        assert!(outage.is_going(), "nothing failed");
        for attempt in 1..=20 {
            outage.failed("jobs", &away());
            assert!(!outage.is_going() && outage.until().is_none(), "what is under way ends first");
            outage.ended(now, &mut rand::rng());
            assert!(outage.until().unwrap() <= now + longest);
            outage.go_on();
            assert!(outage.is_going());
            assert_eq!(outage.attempts, attempt);
        }
        outage.is_over();
        assert_eq!(outage.attempts, 0);
    }
}
