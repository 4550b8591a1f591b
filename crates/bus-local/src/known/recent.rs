//! A map that forgets what it was told long ago.

use std::{collections::HashMap, hash::Hash, mem};

/// What an entry takes beside its key and value: its place in the map, the counters of its octets.
pub(super) const ENTRY: usize = 160;

/// In two generations of half the room each: when the young one is full, the old one is forgotten.
pub(super) struct Recent<K, V> {
    young: HashMap<K, Entry<V>>,
    old: HashMap<K, Entry<V>>,
    /// What the young one takes.
    octets: usize,
    /// What it may take.
    room: usize,
}

struct Entry<V> {
    value: V,
    octets: usize,
}

impl<K: Eq + Hash, V> Recent<K, V> {
    /// Holds up to `octets`.
    pub(super) fn new(octets: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), octets: 0, room: octets / 2 }
    }

    /// What was noted last under a key, unless it was forgotten.
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key)).map(|entry| &entry.value)
    }

    /// Notes a value, which takes `octets` together with its key.
    pub(super) fn note(&mut self, key: K, value: V, octets: usize) {
        let octets = ENTRY + octets;
        if let Some(last) = self.young.get(&key) {
            self.octets -= last.octets;
        } else if self.octets + octets > self.room {
            self.old = mem::take(&mut self.young);
            self.octets = 0;
        }
        self.octets += octets;
        self.young.insert(key, Entry { value, octets });
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
        self.octets = 0;
    }

    /// Forgets a value.
    pub(super) fn forget(&mut self, key: &K) {
        self.old.remove(key);
        if let Some(last) = self.young.remove(key) {
            self.octets -= last.octets;
        }
    }

    /// What all of it takes.
    #[cfg(test)]
    pub(super) fn octets(&self) -> usize {
        self.young.values().chain(self.old.values()).map(|entry| entry.octets).sum()
    }
}
