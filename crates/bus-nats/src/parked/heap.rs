//! What is parked for a group, by when it is due. In memory of the node that sweeps; the stream is the truth.

use std::{collections::BTreeSet, time::Duration};

use bus_node::{later, until};
use mailbox_event::UnixMillis;

/// Places in the stream by due time, 16 octets each: bounded by what the stream holds.
#[derive(Debug, Default)]
pub(crate) struct ParkedHeap {
    by_due: BTreeSet<(UnixMillis, u64)>,
    /// The last place that was read.
    seen: u64,
    /// Whether the stream may have more after that.
    is_behind: bool,
}

impl ParkedHeap {
    /// Notes what lies at a place of the stream. Places come in their order.
    pub(crate) fn note(&mut self, sequence: u64, due: UnixMillis) {
        self.by_due.insert((due, sequence));
        self.seen = self.seen.max(sequence);
        self.is_behind = true;
    }

    /// Notes that the stream had nothing after the last place.
    pub(crate) fn note_end(&mut self) {
        self.is_behind = false;
    }

    /// From which place on to read.
    pub(crate) fn next_place(&self) -> u64 {
        self.seen.saturating_add(1)
    }

    /// Up to `limit` that are due, taken out; the longest waiting first. What is due further away than any wait
    /// (`longest`) is due as well: the wall clock was set back.
    pub(crate) fn take_due(&mut self, now: UnixMillis, longest: Duration, limit: usize) -> Vec<u64> {
        let horizon = later(now, longest);
        let mut due = Vec::new();
        while due.len() < limit {
            let Some(&(first, sequence)) = self.by_due.first() else { break };
            let taken = if first <= now {
                self.by_due.pop_first();
                sequence
            } else if let Some(&(last, sequence)) = self.by_due.last().filter(|(last, _)| *last > horizon) {
                self.by_due.remove(&(last, sequence));
                sequence
            } else {
                break;
            };
            due.push(taken);
        }
        due
    }

    /// For how long there is nothing to do: until the next is due, and no longer than `most`.
    pub(crate) fn rest(&self, now: UnixMillis, most: Duration) -> Duration {
        let due = if self.is_behind { Some(now) } else { self.by_due.first().map(|&(due, _)| due) };
        due.map_or(most, |due| until(now, due).min(most))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    #[test]
    fn the_longest_waiting_come_first_and_no_more_than_asked() {
        let mut heap = ParkedHeap::default();
        for (sequence, due) in [(1, 30), (2, 10), (3, 20), (4, 40)] {
            heap.note(sequence, UnixMillis(due));
        }
        assert!(heap.take_due(UnixMillis(9), HOUR, 9).is_empty());
        assert_eq!(heap.take_due(UnixMillis(30), HOUR, 2), [2, 3]);
        assert_eq!(heap.take_due(UnixMillis(30), HOUR, 2), [1]);
    }

    #[test]
    fn it_is_read_on_until_the_end_and_then_rested_until_the_next_is_due() {
        let (mut heap, now) = (ParkedHeap::default(), UnixMillis(10));
        let rest = |heap: &ParkedHeap| heap.rest(now, Duration::from_millis(20));
        assert_eq!((heap.next_place(), rest(&heap)), (1, Duration::from_millis(20)));
        heap.note(7, UnixMillis(40));
        heap.note(8, UnixMillis(15));
        assert_eq!((heap.next_place(), rest(&heap)), (9, Duration::ZERO));
        heap.note_end();
        assert_eq!((heap.next_place(), rest(&heap)), (9, Duration::from_millis(5)));
        assert_eq!(heap.take_due(UnixMillis(15), HOUR, 9), [8]);
        assert_eq!(rest(&heap), Duration::from_millis(20));
        assert_eq!(heap.rest(UnixMillis(41), HOUR), Duration::ZERO);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait_for_ever() {
        let mut heap = ParkedHeap::default();
        let hour = 3_600_000;
        heap.note(1, UnixMillis(hour + 1));
        heap.note(2, UnixMillis(hour + 2));
        assert_eq!(heap.take_due(UnixMillis(1), HOUR, 9), [2], "as far away as a wait can be is not too far");
    }

    proptest! {
        #[test]
        fn each_is_taken_once_when_it_is_due(
            dues in prop::collection::vec(0u64..1000, 0..50),
            looks in prop::collection::vec(0u64..1000, 0..20),
        ) {
            let mut heap = ParkedHeap::default();
            for (sequence, &due) in (1..).zip(&dues) {
                heap.note(sequence, UnixMillis(due));
            }
            let (mut looks, mut taken) = (looks, Vec::new());
            looks.sort_unstable();
            looks.push(1000);
            for now in looks {
                for sequence in heap.take_due(UnixMillis(now), HOUR, usize::MAX) {
                    prop_assert!(dues[sequence as usize - 1] <= now);
                    taken.push(sequence);
                }
                heap.note_end();
                prop_assert!(!heap.rest(UnixMillis(now), HOUR).is_zero());
            }
            taken.sort_unstable();
            prop_assert_eq!(taken, (1..=dues.len() as u64).collect::<Vec<_>>());
        }
    }
}
