//! A gateway that no longer says whether it takes messages: each one given to it is in doubt, with its credit. Told what was
//! seen and when; has no clock of its own.

use std::time::{Duration, Instant};

/// Messages in a row of which it may say nothing; beside these there are only those that were under way with the first. One
/// alone is a connection that broke.
const MOST: u32 = 3;
/// How long it is left alone then. After that the bus has one job go ahead of the others.
const PAUSE: Duration = Duration::from_secs(45);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Silence {
    /// Messages in a row without a word.
    row: u32,
    /// No message is given to it before.
    until: Option<Instant>,
}

impl Silence {
    /// Whether it may be given a message now.
    pub(super) fn may_send(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now >= until)
    }

    /// It said something of a message.
    pub(super) fn answered(&mut self) {
        *self = Self::default();
    }

    /// It did not.
    pub(super) fn unanswered(&mut self, now: Instant) {
        self.row = self.row.saturating_add(1);
        if self.is_long() {
            self.until = Some(now + PAUSE);
        }
    }

    /// Whether it said nothing of the last message.
    pub(super) fn has_begun(&self) -> bool {
        self.row > 0
    }

    /// Whether it counts as away.
    pub(super) fn is_long(&self) -> bool {
        self.row >= MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_row_of_silence_it_is_left_alone_after_each_further_one_until_it_answers() {
        let (mut silence, began) = (Silence::default(), Instant::now());
        for _ in 0..MOST {
            assert!(silence.may_send(began) && !silence.is_long());
            silence.unanswered(began);
        }
        assert!(silence.is_long() && !silence.may_send(began));
        let later = began + PAUSE;
        assert!(silence.may_send(later));
        silence.unanswered(later);
        assert!(!silence.may_send(later) && silence.may_send(later + PAUSE));
        silence.answered();
        assert!(silence.may_send(later) && !silence.is_long());
    }

    #[test]
    fn a_connection_that_breaks_now_and_then_holds_nothing_up() {
        let (mut silence, now) = (Silence::default(), Instant::now());
        for _ in 0..10 {
            silence.unanswered(now);
            assert!(silence.may_send(now));
            silence.answered();
        }
    }
}
