//! What is done now and then. Pure.

use std::time::Duration;

use bus_node::later;
use mailbox_event::UnixMillis;

/// Says when it is time again. By a wall clock: when it was set back, it is time.
#[derive(Debug)]
pub(crate) struct Every {
    period: Duration,
    last: Option<UnixMillis>,
}

impl Every {
    /// It is time at once, and then after each `period`.
    pub(crate) fn new(period: Duration) -> Self {
        Self { period, last: None }
    }

    /// Whether it is time.
    pub(crate) fn is_due(&mut self, now: UnixMillis) -> bool {
        let is_early = self.last.is_some_and(|last| (last..later(last, self.period)).contains(&now));
        if !is_early {
            self.last = Some(now);
        }
        !is_early
    }

    /// It is time, whatever the clock says.
    pub(crate) fn hurry(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_time_at_first_and_after_each_period() {
        let mut every = Every::new(Duration::from_millis(10));
        let times = [5, 5, 14, 15, 24, 40, 49, 50];
        let due = times.map(|now| every.is_due(UnixMillis(now)));
        assert_eq!(due, [true, false, false, true, false, true, false, true]);
    }

    #[test]
    fn it_is_time_when_somebody_says_so_and_when_the_clock_was_set_back() {
        let mut every = Every::new(Duration::from_millis(10));
        assert!(every.is_due(UnixMillis(50)) && !every.is_due(UnixMillis(51)));
        every.hurry();
        assert!(every.is_due(UnixMillis(51)) && every.is_due(UnixMillis(50)));
        assert!(!every.is_due(UnixMillis(50)));
    }
}
