//! What is known is the latest, and takes no more than its room.

use std::collections::HashMap;

use bus::Bucket;
use bytes::Bytes;
use mailbox_event::UnixMillis;
use proptest::prelude::*;

use super::{recent::ENTRY, *};

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
            let held = known.0.read().unwrap_or_else(PoisonError::into_inner).octets();
            prop_assert!(held <= room + ENTRY + 300, "{} octets", held);
        }
    }
}

#[test]
fn nothing_is_known_at_first() {
    assert_eq!(KnownStates::new(1 << 20).get(account(1)), None);
}

#[test]
fn a_key_without_a_row_is_known_to_be_absent() {
    let place = |key: &str| (Bucket::Revocations, key.to_owned());
    let kept = KeptValue { value: state(1, 3).expect("some"), expires_at: UnixMillis(10) };
    let values = KnownValues::new(0, [place("from before")]);
    let now = UnixMillis(9);
    assert_eq!(values.get(&place("a"), now), Some(None));
    assert_eq!(values.get(&(Bucket::Leases, "from before".to_owned()), now), Some(None));
    assert_eq!(values.get(&place("from before"), now), None, "only the file knows");
    values.note([Change::Added(place("a"), kept.clone())].into_iter());
    assert_eq!(values.get(&place("a"), now), Some(Some(kept.value.clone())));
    assert_eq!(values.get(&place("a"), kept.expires_at), Some(None), "its time is over");
    values
        .note([Change::Is(place("from before"), kept.clone()), Change::Added(place("b"), kept)].into_iter());
    assert_eq!(values.get(&place("a"), now), None, "there was no room, and the file knows");
    values.note([Change::Gone(place("a")), Change::Gone(place("from before"))].into_iter());
    assert_eq!(values.get(&place("a"), now), Some(None));
    assert_eq!(values.get(&place("from before"), now), Some(None));
}
