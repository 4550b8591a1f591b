//! What is known is the latest, and takes no more than its room.

use std::collections::HashMap;

use bus::Revision;
use bytes::Bytes;
use proptest::prelude::*;

use super::*;

fn state(revision: u64, octets: usize) -> State {
    Some(Versioned { revision: Revision(revision), value: Bytes::from(vec![0; octets]) })
}

fn account(number: u8) -> AccountToken {
    AccountToken([number; 16])
}

proptest! {
    #[test]
    fn what_is_known_is_the_latest(
        notes in prop::collection::vec((0..20_u8, 0..300_usize), 0..200),
        room in 0..4000_usize,
    ) {
        let (known, mut latest) = (KnownStates::new(room), HashMap::new());
        for (revision, (number, octets)) in (1..).zip(notes) {
            let state = state(revision, octets);
            latest.insert(account(number), state.clone());
            known.note([(account(number), state.clone())].into_iter());
            prop_assert_eq!(known.get(account(number)), Some(state));
        }
        for (account, state) in latest {
            let found = known.get(account);
            prop_assert!(found.is_none() || found == Some(state));
        }
    }

    #[test]
    fn it_keeps_to_its_room(notes in prop::collection::vec((any::<u8>(), 0..300_usize), 0..500)) {
        let room = 8 * (ENTRY + 300);
        let known = KnownStates::new(room);
        for (number, octets) in notes {
            known.note([(account(number), state(1, octets))].into_iter());
            let generations = known.generations.read().unwrap_or_else(PoisonError::into_inner);
            let held = generations.young.values().chain(generations.old.values()).map(octets_of).sum::<usize>();
            prop_assert!(held <= room + ENTRY + 300, "{} octets", held);
        }
    }
}

fn octets_of(state: &State) -> usize {
    octets(state)
}

#[test]
fn nothing_is_known_at_first() {
    assert_eq!(KnownStates::new(1 << 20).get(account(1)), None);
}
