//! What lasts, and is worth a word when it begins and when it is over: each job that meets it would say the same.
//!
//! What one job meets another may not, as where a small one has room and a large one has none: then it begins and is over
//! with every pair of jobs, and is told now and then. Pure.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// It is told to begin at most once in this time. Until then it is as if it were not met: what lasts is met again.
const SELDOM: Duration = Duration::from_secs(60);

/// Whether something that was told lasts still.
#[derive(Debug, Default)]
pub(crate) struct Lasting {
    is_told: AtomicBool,
    /// When it was told to begin, the last time.
    began: Mutex<Option<Instant>>,
}

impl Lasting {
    /// Somebody met it. Whether that is to be told.
    pub(crate) fn is_met(&self, now: Instant) -> bool {
        // Set in one assignment: a thread that panicked left nothing half done.
        let mut began = self.began.lock().unwrap_or_else(PoisonError::into_inner);
        let is_early = began.is_some_and(|began| now.saturating_duration_since(began) < SELDOM);
        if is_early || self.is_told.swap(true, Ordering::Relaxed) {
            return false;
        }
        *began = Some(now);
        true
    }

    /// Somebody found that it is over. Whether that is to be told.
    pub(crate) fn is_over(&self) -> bool {
        // Most find that it was never there, and need not write what all share.
        self.is_told.load(Ordering::Relaxed) && self.is_told.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_is_told_once_when_it_begins_and_once_when_it_is_over() {
        let (lasting, begin) = (Lasting::default(), Instant::now());
        assert!(!lasting.is_over(), "it was never there");
        for time in 0..2 {
            let met = [0, 1, 2].map(|n| lasting.is_met(begin + n * SELDOM + time * 9 * SELDOM));
            assert_eq!(met, [true, false, false]);
            assert_eq!([(); 3].map(|()| lasting.is_over()), [true, false, false]);
        }
    }

    #[test]
    fn what_every_other_job_meets_is_told_now_and_then() {
        let (lasting, begin) = (Lasting::default(), Instant::now());
        let tenth = SELDOM / 10;
        let told = (0..20).map(|n| (lasting.is_met(begin + n * tenth), lasting.is_over()));
        let told: Vec<_> = told.enumerate().filter(|(_, told)| *told != (false, false)).collect();
        assert_eq!(told, [(0, (true, true)), (10, (true, true))]);
    }

    #[test]
    fn what_is_met_again_soon_and_lasts_is_told_in_its_time() {
        let (lasting, begin) = (Lasting::default(), Instant::now());
        assert!(lasting.is_met(begin) && lasting.is_over());
        assert!(!lasting.is_met(begin + SELDOM / 2) && lasting.is_met(begin + SELDOM));
    }
}
