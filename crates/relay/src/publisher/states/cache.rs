//! A bounded cache that keeps what was used lately.

use std::{collections::HashMap, hash::Hash};

/// Entries of one generation. A state is some hundred octets, more for accounts that share many mailboxes.
const GENERATION: usize = 4096;

/// Two generations: what is not used while one fills goes with the older one. At most twice [`GENERATION`] entries.
#[derive(Debug)]
pub(super) struct Cache<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new() }
    }
}

impl<K: Eq + Hash, V> Cache<K, V> {
    /// Takes a value out, to be put back after use.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.young.remove(key).or_else(|| self.old.remove(key))
    }

    /// Puts a value in as the latest.
    pub fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let mut cache = Cache::default();
        cache.insert(0, "used");
        cache.insert(1, "not used");
        for key in 2..3 * GENERATION {
            cache.insert(key, "other");
            let used = cache.remove(&0).expect("used a moment ago");
            cache.insert(0, used);
        }
        assert_eq!(cache.remove(&1), None);
        assert!(cache.young.len() + cache.old.len() <= 2 * GENERATION);
    }
}
