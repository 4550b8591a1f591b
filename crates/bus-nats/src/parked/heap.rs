//! What is parked for a group, by when it is due. In memory of the node that sweeps; the stream is the truth.

use std::{collections::BTreeSet, time::Duration};

use bus_node::later;
use mailbox_event::UnixMillis;

/// Places in the stream by due time, 16 octets each: bounded by what the stream holds.
#[derive(Debug, Default)]
pub(crate) struct ParkedHeap {
    by_due: BTreeSet<(UnixMillis, u64)>,
    /// The last place that was read.
    seen: u64,
}

impl ParkedHeap {
    /// Notes what lies at a place of the stream. Places come in their order.
    pub(crate) fn note(&mut self, sequence: u64, due: UnixMillis) {
        self.by_due.insert((due, sequence));
        self.seen = self.seen.max(sequence);
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

    /// When the next is due.
    pub(crate) fn next_due(&self) -> Option<UnixMillis> {
        self.by_due.first().map(|&(due, _)| due)
    }

    /// The last place that was read.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
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
        assert_eq!((heap.seen(), heap.next_due()), (4, Some(UnixMillis(10))));
        assert!(heap.take_due(UnixMillis(9), HOUR, 9).is_empty());
        assert_eq!(heap.take_due(UnixMillis(30), HOUR, 2), [2, 3]);
        assert_eq!(heap.take_due(UnixMillis(30), HOUR, 2), [1]);
        assert_eq!((heap.seen(), heap.next_due()), (4, Some(UnixMillis(40))));
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
                prop_assert!(heap.next_due().is_none_or(|due| due.0 > now));
            }
            taken.sort_unstable();
            prop_assert_eq!(taken, (1..=dues.len() as u64).collect::<Vec<_>>());
        }
    }
}
