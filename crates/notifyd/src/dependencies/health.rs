//! Whether something that mail needs is there. Pure: told what was seen and when, it says what is news.

use std::time::{Duration, Instant};

/// What is known of it.
#[derive(Debug, Default)]
pub(crate) struct Health {
    away: Option<Away>,
}

#[derive(Debug)]
struct Away {
    since: Instant,
    /// The last failure.
    failed: Instant,
    /// For so long after a failure an answer to a look proves nothing.
    patience: Duration,
    /// It answered a look since the last failure.
    is_promising: bool,
}

/// News.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is away from now on.
    Away,
    /// It is back, after so long.
    Back(Duration),
}

/// What an answer to a look means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It was there before.
    Usual,
    /// It is still of no use, as far as is known.
    TooSoon,
    /// Work may try: only that shows whether it is of use.
    Promising,
    /// It is back: there was nothing to try for a while, and it goes on answering.
    Back(Duration),
}

impl Health {
    pub(crate) fn is_away(&self) -> bool {
        self.away.is_some()
    }

    /// Work or a look found it away; after work, `patience` is how long an answer to a look then proves nothing.
    pub(crate) fn failed(&mut self, now: Instant, patience: Duration) -> Option<Change> {
        let known = self.away.as_ref().map(|away| away.since);
        self.away = Some(Away { since: known.unwrap_or(now), failed: now, patience, is_promising: false });
        known.is_none().then_some(Change::Away)
    }

    /// Work got what it needs of it.
    pub(crate) fn worked(&mut self, now: Instant) -> Option<Change> {
        self.away.take().map(|away| Change::Back(now.saturating_duration_since(away.since)))
    }

    /// It answered a look while so many `runs` were at work.
    pub(crate) fn answered(&mut self, now: Instant, runs: usize) -> Answer {
        let Some(away) = &mut self.away else { return Answer::Usual };
        if now.saturating_duration_since(away.failed) < away.patience {
            return Answer::TooSoon;
        }
        if away.is_promising && runs == 0 {
            let away_for = now.saturating_duration_since(away.since);
            self.away = None;
            return Answer::Back(away_for);
        }
        away.is_promising = true;
        Answer::Promising
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn going_and_coming_back_are_told_once() {
        let (mut health, start) = (Health::default(), Instant::now());
        assert_eq!(health.worked(start), None);
        assert_eq!(health.failed(start, Duration::ZERO), Some(Change::Away));
        assert_eq!(health.failed(start + SECOND, Duration::ZERO), None);
        assert_eq!(health.worked(start + 3 * SECOND), Some(Change::Back(3 * SECOND)));
        assert_eq!(health.worked(start + 4 * SECOND), None);
        assert_eq!(health.failed(start + 5 * SECOND, Duration::ZERO), Some(Change::Away));
    }

    #[test]
    fn an_answer_lets_work_try_and_only_work_shows_that_it_is_back() {
        let (mut health, start) = (Health::default(), Instant::now());
        assert_eq!(health.answered(start, 0), Answer::Usual);
        health.failed(start, Duration::ZERO);
        assert_eq!(health.answered(start + SECOND, 0), Answer::Promising);
        assert_eq!(health.answered(start + 2 * SECOND, 1), Answer::Promising, "a run is at it");
        health.failed(start + 3 * SECOND, Duration::ZERO);
        assert!(health.is_away());
        assert_eq!(health.answered(start + 4 * SECOND, 0), Answer::Promising, "the run found otherwise");
        assert_eq!(health.worked(start + 5 * SECOND), Some(Change::Back(5 * SECOND)));
    }

    #[test]
    fn without_work_a_second_answer_shows_it() {
        let (mut health, start) = (Health::default(), Instant::now());
        health.failed(start, Duration::ZERO);
        assert_eq!(health.answered(start + SECOND, 0), Answer::Promising);
        assert_eq!(health.answered(start + 2 * SECOND, 0), Answer::Back(2 * SECOND));
        assert!(!health.is_away());
    }

    #[test]
    fn after_a_refusal_an_answer_proves_nothing_for_a_while() {
        let (mut health, start) = (Health::default(), Instant::now());
        health.failed(start, 60 * SECOND);
        assert_eq!(health.answered(start + 59 * SECOND, 0), Answer::TooSoon);
        assert_eq!(health.answered(start + 60 * SECOND, 0), Answer::Promising);
        health.failed(start + 61 * SECOND, Duration::ZERO);
        assert_eq!(
            health.answered(start + 62 * SECOND, 0),
            Answer::Promising,
            "a look that failed is believed"
        );
    }
}
