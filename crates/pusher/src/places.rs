//! How many streams one account, or one address, has here.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mailbox_event::AccountToken;

use crate::{client_address::ClientAddress, revocation::Hold};

/// Counts by key. No key is kept without a place, so they are as many as the streams and requests at most.
pub struct Places<K: Hash + Eq + Copy> {
    most: usize,
    taken: Mutex<HashMap<K, usize>>,
}

/// One of them, until it is dropped.
pub struct Place<K: Hash + Eq + Copy> {
    places: Arc<Places<K>>,
    key: K,
}

/// The key has as many as it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many places are taken")]
pub struct Crowded;

/// What a stream holds as long as it is open.
pub struct Held {
    _address: Option<Place<ClientAddress>>,
    _account: Place<AccountToken>,
    _credential: Option<Hold>,
}

impl Held {
    /// The places of its address, which is missing where that is a proxy of ours, and of its account; and that it is
    /// open on the word of a credential, where the mail server was asked.
    pub fn new(
        address: Option<Place<ClientAddress>>,
        account: Place<AccountToken>,
        credential: Option<Hold>,
    ) -> Self {
        Self { _address: address, _account: account, _credential: credential }
    }
}

impl<K: Hash + Eq + Copy> Places<K> {
    /// None taken.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default() })
    }

    /// Takes a place of `key`.
    pub fn take(self: &Arc<Self>, key: K) -> Result<Place<K>, Crowded> {
        let mut taken = self.lock();
        // Looked at first, so that a key that is turned away is not kept.
        if taken.get(&key).is_some_and(|count| *count >= self.most) {
            return Err(Crowded);
        }
        *taken.entry(key).or_default() += 1;
        Ok(Place { places: self.clone(), key })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        // Nothing under the lock can panic half-way.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Copy> Drop for Place<K> {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = self.places.lock().entry(self.key) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_so_many_places_and_none_is_kept_without_one() {
        let places = Places::new(2);
        let (first, second) = (places.take('a').unwrap(), places.take('a').unwrap());
        assert_eq!(places.take('a').err(), Some(Crowded));
        let other = places.take('b').unwrap();
        drop(first);
        let third = places.take('a').unwrap();
        drop((second, third, other));
        assert!(places.lock().is_empty());
    }
}
