//! The values of KV buckets, and which keys have one.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{PoisonError, RwLock},
};

use bus::{Bucket, Versioned};
use mailbox_event::UnixMillis;

use super::recent::Recent;

/// Where a value is.
pub(crate) type Place = (Bucket, String);

/// A value as it is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptValue {
    pub(crate) value: Versioned,
    pub(crate) expires_at: UnixMillis,
}

impl KeptValue {
    /// The value, unless its time is over.
    pub(crate) fn at(self, now: UnixMillis) -> Option<Versioned> {
        (self.expires_at > now).then_some(self.value)
    }
}

/// What a transaction did to a row, or saw there.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// There was none.
    Added(Place, KeptValue),
    /// There was one before.
    Is(Place, KeptValue),
    /// It was taken away.
    Gone(Place),
}

/// See the module.
pub(crate) struct KnownValues {
    held: RwLock<Held>,
    hasher: RandomState,
}

struct Held {
    recent: Recent<Place, Option<KeptValue>>,
    /// How many rows there are by the hash of their place, all of them: who asks for a hash that is not here asks for
    /// an absent key.
    rows: HashMap<u64, u32>,
}

impl KnownValues {
    /// Holds up to `octets` of values. `rows` is every row there is.
    pub(crate) fn new(octets: usize, rows: impl IntoIterator<Item = Place>) -> Self {
        let held = Held { recent: Recent::new(octets), rows: HashMap::new() };
        let values = Self { held: RwLock::new(held), hasher: RandomState::new() };
        values.begin_again(rows);
        values
    }

    /// Begins again: forgets all values, and takes `rows` for every row there is.
    pub(crate) fn begin_again(&self, rows: impl IntoIterator<Item = Place>) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.recent.clear();
        held.rows.clear();
        rows.into_iter().for_each(|place| held.count(self.hasher.hash_one(place)));
    }

    /// The value of a key at a time, if it is known.
    pub(crate) fn get(&self, place: &Place, now: UnixMillis) -> Option<Option<Versioned>> {
        let hash = self.hasher.hash_one(place);
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        if !held.rows.contains_key(&hash) {
            return Some(None);
        }
        held.recent.get(place).cloned().map(|kept| kept.and_then(|kept| kept.at(now)))
    }

    /// Notes what became of values, in the order in which it happened.
    pub(crate) fn note(&self, changes: impl ExactSizeIterator<Item = Change>) {
        if changes.len() == 0 {
            return;
        }
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            match change {
                Change::Added(place, kept) => {
                    held.count(self.hasher.hash_one(&place));
                    held.note(place, Some(kept));
                }
                Change::Is(place, kept) => held.note(place, Some(kept)),
                Change::Gone(place) => {
                    held.discount(self.hasher.hash_one(&place));
                    held.note(place, None);
                }
            }
        }
    }
}

impl Held {
    fn note(&mut self, place: Place, kept: Option<KeptValue>) {
        let octets = place.1.len() + kept.as_ref().map_or(0, |kept| kept.value.value.len());
        self.recent.note(place, kept, octets);
    }

    fn count(&mut self, hash: u64) {
        *self.rows.entry(hash).or_default() += 1;
    }

    fn discount(&mut self, hash: u64) {
        match self.rows.get_mut(&hash) {
            Some(rows) if *rows > 1 => *rows -= 1,
            _ => drop(self.rows.remove(&hash)),
        }
    }
}
