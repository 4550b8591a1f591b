//! The way over the places of a stream, from one message that is there to the next. Pure.

use std::ops::Range;

/// Places between two messages that are passed in one step: each costs an acknowledgement.
const LONGEST_STEP: u64 = 256;

/// Places that are still to be looked at.
#[derive(Debug)]
pub(super) struct Walk {
    next: u64,
    last: u64,
}

impl Walk {
    /// From the place `next` to the place `last`.
    pub(super) fn new(next: u64, last: u64) -> Self {
        Self { next, last }
    }

    /// Whether it ends no later than at `last`.
    pub(super) fn is_within(&self, last: u64) -> bool {
        self.last <= last
    }

    /// From where on the next message is to be looked for; `None`: that was all.
    pub(super) fn place(&self) -> Option<u64> {
        (self.next <= self.last).then_some(self.next)
    }

    /// Goes on to `found`, the first message at or after [`Self::place`], or as far as one step goes. Returns the places
    /// before it: they have no message.
    pub(super) fn pass(&mut self, found: Option<u64>) -> Range<u64> {
        let end = self.last.saturating_add(1).min(self.next.saturating_add(LONGEST_STEP));
        let gone = self.next..found.unwrap_or(end).min(end);
        self.next = if found == Some(gone.end) { gone.end.saturating_add(1) } else { gone.end };
        gone
    }

    #[cfg(test)]
    pub(super) fn last(&self) -> u64 {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_step_has_a_bound() {
        let mut walk = Walk::new(1, 1000);
        assert_eq!((walk.pass(Some(900)), walk.place()), (1..257, Some(257)));
        assert_eq!((walk.pass(Some(258)), walk.place()), (257..258, Some(259)));
        assert_eq!((walk.pass(None), walk.place()), (259..515, Some(515)));
    }

    #[test]
    fn it_ends_with_its_last_place() {
        assert_eq!(Walk::new(2, 1).place(), None);
        let walk = Walk::new(5, 5);
        assert_eq!((walk.place(), walk.is_within(5), walk.is_within(4)), (Some(5), true, false));
        for (found, gone) in [(None, 5..6), (Some(5), 5..5), (Some(6), 5..6), (Some(70), 5..6)] {
            let mut walk = Walk::new(5, 5);
            assert_eq!((walk.pass(found), walk.place()), (gone, None));
        }
    }

    proptest! {
        #[test]
        fn every_place_without_a_message_is_passed_once(
            there in prop::collection::btree_set(1u64..2000, 0..50),
            (next, length) in (1u64..1000, 0u64..1000),
        ) {
            let last = next + length;
            let (mut walk, mut gone) = (Walk::new(next, last), Vec::new());
            for _ in 0..=there.len() + 1000 / LONGEST_STEP as usize {
                let Some(place) = walk.place() else { break };
                gone.extend(walk.pass(there.range(place..).next().copied()));
            }
            prop_assert_eq!(walk.place(), None);
            let all: BTreeSet<_> = (next..=last).collect();
            prop_assert_eq!(gone, all.difference(&there).copied().collect::<Vec<_>>());
        }
    }
}
