//! Whether the mail server says anything of credentials.

use std::sync::atomic::{AtomicBool, Ordering};

use super::Unanswered;

/// An outage is one line in the log at its beginning and one at its end; the checks in between are counted.
#[derive(Debug, Default)]
pub(super) struct Availability {
    is_away: AtomicBool,
}

/// What is worth a line.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Away(Unanswered),
    Back,
}

impl Availability {
    /// Takes what came of a check.
    pub(super) fn heard<T>(&self, outcome: &Result<T, Unanswered>) {
        match self.turn(outcome.as_ref().err().copied()) {
            Some(Turn::Away(error)) => tracing::warn!(%error, "Credentials cannot be verified"),
            Some(Turn::Back) => tracing::info!("Credentials are verified again"),
            None => {}
        }
    }

    fn turn(&self, failure: Option<Unanswered>) -> Option<Turn> {
        // That we ask too much at once says nothing of the mail server.
        let failure = if failure == Some(Unanswered::Crowded) { return None } else { failure };
        let was_away = self.is_away.swap(failure.is_some(), Ordering::AcqRel);
        match failure {
            Some(error) => (!was_away).then_some(Turn::Away(error)),
            None => was_away.then_some(Turn::Back),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_once_and_so_is_its_end() {
        let availability = Availability::default();
        assert_eq!(availability.turn(None), None);
        assert_eq!(availability.turn(Some(Unanswered::Away)), Some(Turn::Away(Unanswered::Away)));
        for failure in [Unanswered::Away, Unanswered::Nonsense, Unanswered::Crowded] {
            assert_eq!(availability.turn(Some(failure)), None);
        }
        assert_eq!(availability.turn(None), Some(Turn::Back));
        assert_eq!(availability.turn(None), None);
    }

    #[test]
    fn a_crowd_is_no_outage() {
        assert_eq!(Availability::default().turn(Some(Unanswered::Crowded)), None);
    }
}
