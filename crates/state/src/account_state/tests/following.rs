//! Clients that follow an account by its cursors: asleep for any time, they miss nothing and never go back.

use mailbox_event::{Account, AccountToken, AccountTokens};
use proptest::prelude::*;

use super::{lives::lives, server::*};
use crate::{AccountState, Basis, Cursor, Diff, Epoch, LONGEST_CURSOR, Observation, Vector};

fn token(account: &Account) -> AccountToken {
    AccountTokens::new(b"key of the installation").token(account)
}

/// What a client remembers: the numbers that it was told, and the id of the last event.
struct Client {
    token: AccountToken,
    numbers: Vector,
    of: (Epoch, Basis),
    last_event_id: String,
}

impl Client {
    fn that_connects(state: &AccountState) -> Self {
        let token = token(&state.account);
        let last_event_id = Cursor::of(token, state).encode();
        Self { token, numbers: state.vector, of: (state.epoch, state.basis), last_event_id }
    }

    /// Connects again with the id it has, and takes what it is told.
    fn catches_up(&mut self, state: &AccountState) {
        let cursor = Cursor::decode_for(&self.last_event_id, self.token).expect("its own cursor is read");
        match cursor.diff(state) {
            Diff::Same => {}
            Diff::Everything => {
                assert_ne!(self.of, (state.epoch, state.basis), "all is told only where nothing compares");
                self.numbers = state.vector;
            }
            Diff::Moved(moved) => {
                assert!(moved.is_sorted() && !moved.is_empty());
                for counter in moved {
                    let modseq = state.vector.get(counter).expect("what moved is known");
                    assert!(self.numbers.raise(counter, modseq), "{counter:?} was told and did not rise");
                }
            }
        }
        assert_eq!(self.numbers, state.vector, "the client has what the server has");
        assert!(self.of.0 <= state.epoch, "an epoch stepped back");
        *self = Self::that_connects(state);
        assert!(self.last_event_id.len() <= LONGEST_CURSOR);
        assert_eq!(Cursor::decode_for(&self.last_event_id, self.token).unwrap().diff(state), Diff::Same);
    }
}

/// Tells all to a state that one client follows at every step, another when it is awake, and a last at the end.
fn follow<'a>(told: impl IntoIterator<Item = &'a Observation>, awake: &[bool]) {
    let mut state = unknown();
    let mut at_once = Client::that_connects(&state);
    let (mut at_times, mut at_last) = (Client::that_connects(&state), Client::that_connects(&state));
    for (observation, is_awake) in told.into_iter().zip(awake.iter().cycle()) {
        let _merged = state.merge(observation);
        at_once.catches_up(&state);
        if *is_awake {
            at_times.catches_up(&state);
        }
    }
    at_times.catches_up(&state);
    at_last.catches_up(&state);
}

proptest! {
    #[test]
    fn clients_that_sleep_at_any_time_have_what_the_server_has(
        told in prop::collection::vec(anything(), 0..40), awake in prop::collection::vec(any::<bool>(), 1..12)
    ) {
        follow(&told, &awake);
    }

    #[test]
    fn clients_follow_an_account_through_its_lives(
        lives in lives(), awake in prop::collection::vec(any::<bool>(), 1..12)
    ) {
        follow(lives.iter().flat_map(|(life, end)| life.iter().chain(end)), &awake);
    }

    #[test]
    fn a_state_that_was_stored_and_joined_tells_its_clients_no_less(
        one in prop::collection::vec(anything(), 0..20), other in prop::collection::vec(anything(), 0..20)
    ) {
        let (mut state, other) = (after(&one), after(&other));
        let mut client = Client::that_connects(&state);
        let _merged = state.join(&other);
        client.catches_up(&state);
    }
}
