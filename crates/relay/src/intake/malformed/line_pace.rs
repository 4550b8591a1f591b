//! Log lines of which there may be any number.

use std::time::{Duration, Instant};

/// At most one line in this time.
const PACE: Duration = Duration::from_secs(1);

/// Says when a line is due, and for how many events it stands.
#[derive(Debug, Default)]
pub(super) struct LinePace {
    last: Option<Instant>,
    untold: u64,
}

impl LinePace {
    /// An event at `now`: the number of events since the last line, this one too, when a line is due. The first is
    /// told at once.
    pub fn line(&mut self, now: Instant) -> Option<u64> {
        self.untold += 1;
        if self.last.is_some_and(|last| now.saturating_duration_since(last) < PACE) {
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
    fn the_first_is_told_at_once_and_the_rest_once_a_second() {
        let (mut pace, start) = (LinePace::default(), Instant::now());
        let told: Vec<_> = (0..=20).map(|tenth| pace.line(start + PACE / 10 * tenth)).collect();
        let lines: Vec<_> = told.iter().enumerate().filter_map(|(at, line)| line.map(|n| (at, n))).collect();
        assert_eq!(lines, [(0, 1), (10, 10), (20, 10)]);
    }
}
