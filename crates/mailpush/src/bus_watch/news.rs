//! What is worth a line in the log about whether the bus can be used. Pure.

use std::time::Duration;

use tokio::time::Instant;

/// A start without a line: the connection is made, and the streams are looked at.
const START: Duration = Duration::from_secs(3);

/// What changed.
#[derive(Debug, PartialEq, Eq)]
pub enum News {
    /// It can be used again.
    Ready,
    /// It cannot, and why.
    NotReady(String),
}

/// What was told.
#[derive(Debug)]
pub struct Told {
    started: Instant,
    was_ready: bool,
    last: Option<String>,
}

impl Told {
    /// Nothing, for a bus that is started `now`.
    pub fn new(now: Instant) -> Self {
        Self { started: now, was_ready: false, last: None }
    }

    /// Judges a look at the bus; `why` it cannot be used, where it cannot.
    pub fn look(&mut self, why: Option<String>, now: Instant) -> Option<News> {
        self.was_ready |= why.is_none();
        if why == self.last || (!self.was_ready && now < self.started + START) {
            return None;
        }
        self.last.clone_from(&why);
        Some(why.map_or(News::Ready, News::NotReady))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> Option<String> {
        Some("server is away".to_owned())
    }

    fn is_away() -> Option<News> {
        away().map(News::NotReady)
    }

    #[test]
    fn a_start_that_goes_well_says_nothing() {
        let start = Instant::now();
        let mut told = Told::new(start);
        assert_eq!(told.look(away(), start), None);
        assert_eq!(told.look(None, start + START / 2), None);
        assert_eq!(told.look(None, start + 2 * START), None);
    }

    #[test]
    fn a_bus_that_stays_away_is_told_once_and_its_return_too() {
        let start = Instant::now();
        let mut told = Told::new(start);
        assert_eq!(told.look(away(), start), None);
        assert_eq!(told.look(away(), start + START), is_away());
        assert_eq!(told.look(away(), start + 2 * START), None);
        let other = Some("its streams are not there".to_owned());
        assert_eq!(told.look(other.clone(), start + 3 * START), other.map(News::NotReady));
        assert_eq!(told.look(None, start + 4 * START), Some(News::Ready));
    }

    #[test]
    fn a_bus_that_goes_soon_after_it_came_is_told_at_once() {
        let start = Instant::now();
        let mut told = Told::new(start);
        assert_eq!(told.look(None, start), None);
        assert_eq!(told.look(away(), start + START / 3), is_away());
        assert_eq!(told.look(None, start + START / 2), Some(News::Ready));
    }
}
