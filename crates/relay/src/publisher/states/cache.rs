//! A bounded cache that keeps what was used lately.

use std::{collections::HashMap, hash::Hash};

/// Entries of one generation: so many accounts may change in turn before one of them has to be read again. A state takes
/// 650 octets (measured), so that two generations take up to 21 MB.
const GENERATION: usize = 16_384;
/// Octets of the states of one generation, as they lie on the bus: those of accounts that share many mailboxes are large.
const GENERATION_OCTETS: usize = 16 << 20;

/// Two generations: what is not used while one fills goes with the older one. At most twice [`GENERATION`] entries.
#[derive(Debug)]
pub(super) struct Cache<K, V> {
    young: HashMap<K, Entry<V>>,
    old: HashMap<K, Entry<V>>,
    /// Those of the young generation.
    octets: usize,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    octets: usize,
}

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), octets: 0 }
    }
}

impl<K: Eq + Hash, V> Cache<K, V> {
    /// Takes a value out, to be put back after use.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let young = self.young.remove(key);
        self.octets -= young.as_ref().map_or(0, |entry| entry.octets);
        Some(young.or_else(|| self.old.remove(key))?.value)
    }

    /// Puts a value that was taken out, or was not there, in as the latest. It counts as so many octets.
    pub fn insert(&mut self, key: K, value: V, octets: usize) {
        if self.young.len() >= GENERATION || self.octets + octets > GENERATION_OCTETS {
            self.old = std::mem::take(&mut self.young);
            self.octets = 0;
        }
        self.octets += octets;
        self.young.insert(key, Entry { value, octets });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let mut cache = Cache::default();
        cache.insert(0, "used", 1);
        cache.insert(1, "not used", 1);
        for key in 2..3 * GENERATION {
            cache.insert(key, "other", 1);
            let used = cache.remove(&0).expect("used a moment ago");
            cache.insert(0, used, 1);
        }
        assert_eq!(cache.remove(&1), None);
        assert!(cache.young.len() + cache.old.len() <= 2 * GENERATION);
    }

    #[test]
    fn as_many_as_a_generation_are_all_remembered_in_turn() {
        let mut cache = Cache::default();
        (0..GENERATION).for_each(|key| cache.insert(key, (), 1));
        for key in (0..GENERATION).cycle().take(3 * GENERATION) {
            assert_eq!(cache.remove(&key), Some(()));
            cache.insert(key, (), 1);
        }
    }

    #[test]
    fn large_ones_go_sooner_and_one_that_changes_all_the_time_drives_nobody_out() {
        let mut cache = Cache::default();
        cache.insert(0, "small", 1);
        for _ in 0..100 {
            cache.insert(1, "large", GENERATION_OCTETS / 2);
            assert_eq!(cache.remove(&1), Some("large"));
        }
        assert_eq!(cache.remove(&0), Some("small"));
        (0..100).for_each(|key| cache.insert(key, "large", GENERATION_OCTETS / 2));
        assert_eq!((0..100).filter(|key| cache.remove(key).is_some()).count(), 4);
        assert_eq!(cache.octets, 0);
    }
}
