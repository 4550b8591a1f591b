//! Log lines of which there may be any number.

use std::time::{Duration, Instant};

/// A failure that comes again and again until a person acts is told once in this time.
const FAILURES: Duration = Duration::from_secs(10);

/// Says when a line is due, and for how many events it stands.
#[derive(Debug)]
pub struct LinePace {
    every: Duration,
    last: Option<Instant>,
    untold: u64,
}

impl LinePace {
    /// At most one line in this time.
    pub const fn every(every: Duration) -> Self {
        Self { every, last: None, untold: 0 }
    }

    /// For the failures of a loop that tries again, such as accept(2) without file descriptors: a line in ten seconds.
    pub const fn of_failures() -> Self {
        Self::every(FAILURES)
    }

    /// An event at `now`: the number of events since the last line, this one too, when a line is due. The first is
    /// told at once.
    pub fn line(&mut self, now: Instant) -> Option<u64> {
        self.untold += 1;
        if self.last.is_some_and(|last| now.saturating_duration_since(last) < self.every) {
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_rest_once_in_the_time() {
        let (mut pace, start) = (LinePace::of_failures(), Instant::now());
        let told: Vec<_> = (0..=20).map(|tenth| pace.line(start + FAILURES / 10 * tenth)).collect();
        let lines: Vec<_> = told.iter().enumerate().filter_map(|(at, line)| line.map(|n| (at, n))).collect();
        assert_eq!(lines, [(0, 1), (10, 10), (20, 10)]);
    }
}
