//! What lasts, and is worth a word when it begins and when it is over: each job that meets it would say the same.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether something that was told lasts still.
#[derive(Debug, Default)]
pub(crate) struct Lasting(AtomicBool);

impl Lasting {
    /// Somebody met it. Whether that is news.
    pub(crate) fn is_met(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }

    /// Somebody found that it is over. Whether that is news.
    pub(crate) fn is_over(&self) -> bool {
        // Most find that it was never there, and need not write what all share.
        self.0.load(Ordering::Relaxed) && self.0.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_is_told_once_when_it_begins_and_once_when_it_is_over() {
        let lasting = Lasting::default();
        assert!(!lasting.is_over(), "it was never there");
        for _again in 0..2 {
            assert_eq!([(); 3].map(|()| lasting.is_met()), [true, false, false]);
            assert_eq!([(); 3].map(|()| lasting.is_over()), [true, false, false]);
        }
    }
}
