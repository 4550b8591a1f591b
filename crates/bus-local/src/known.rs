//! The states that were written or read lately, for readers who shall not wait behind the writer's queue.

use std::{
    collections::HashMap,
    mem,
    sync::{PoisonError, RwLock},
};

use bus::Versioned;
use mailbox_event::AccountToken;

/// `None`: nobody put one yet.
type State = Option<Versioned>;

/// What an entry takes beside its value: its place in the map, the counters of its octets.
const ENTRY: usize = 160;

/// States by account, in two generations of half the room each: when the young one is full, the old one is forgotten.
///
/// The writer's thread alone changes it, after each commit, so that it never holds what is not on disk or what was
/// overwritten.
pub(crate) struct KnownStates {
    generations: RwLock<Generations>,
    room: usize,
}

#[derive(Default)]
struct Generations {
    young: HashMap<AccountToken, State>,
    old: HashMap<AccountToken, State>,
    /// What was put into the young one, counting replaced values as well: more than it holds.
    octets: usize,
}

impl KnownStates {
    /// Holds up to `octets`.
    pub(crate) fn new(octets: usize) -> Self {
        Self { generations: RwLock::default(), room: octets / 2 }
    }

    /// The state of an account, if it is known.
    pub(crate) fn get(&self, account: AccountToken) -> Option<State> {
        let generations = self.generations.read().unwrap_or_else(PoisonError::into_inner);
        generations.young.get(&account).or_else(|| generations.old.get(&account)).cloned()
    }

    /// Notes states in the order in which they came to be.
    pub(crate) fn note(&self, states: impl ExactSizeIterator<Item = (AccountToken, State)>) {
        if states.len() == 0 {
            return;
        }
        let mut generations = self.generations.write().unwrap_or_else(PoisonError::into_inner);
        for (account, state) in states {
            generations.insert(account, state, self.room);
        }
    }
}

impl Generations {
    fn insert(&mut self, account: AccountToken, state: State, room: usize) {
        let octets = octets(&state);
        if let Some(last) = self.young.get(&account) {
            self.octets -= self::octets(last);
        } else if self.octets + octets > room {
            self.old = mem::take(&mut self.young);
            self.octets = 0;
        }
        self.octets += octets;
        self.young.insert(account, state);
    }
}

fn octets(state: &State) -> usize {
    ENTRY + state.as_ref().map_or(0, |state| state.value.len())
}

#[cfg(test)]
mod tests;
