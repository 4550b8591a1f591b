//! The listeners of one key.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bus::KeyListener;

use super::Removed;

/// Names a registration, so that a hold that is over ends none that began later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Generation(pub(super) u64);

struct Entry {
    listener: Arc<dyn KeyListener>,
    generation: Generation,
}

/// The listeners of one key. Who keeps it need not look for the key again until it [`Self::is_over`].
#[derive(Default)]
pub struct Audience(Mutex<Vec<Entry>>);

impl Audience {
    /// Whether it has lost its last listener. It has no other from then on: those of the same key are another audience.
    pub fn is_over(&self) -> bool {
        self.entries().is_empty()
    }

    pub(super) fn add(&self, listener: Arc<dyn KeyListener>, generation: Generation) {
        let mut entries = self.entries();
        // Most keys have one listener, and a vector begins with room for four.
        entries.reserve_exact(1);
        entries.push(Entry { listener, generation });
    }

    pub(super) fn remove(&self, generation: Generation) -> Removed {
        let mut entries = self.entries();
        let Some(place) = entries.iter().position(|entry| entry.generation == generation) else {
            return Removed::Nothing;
        };
        entries.swap_remove(place);
        if entries.is_empty() { Removed::TheLast } else { Removed::OneOfSome }
    }

    pub(super) fn generation_of(&self, listener: &Arc<dyn KeyListener>) -> Option<Generation> {
        let entries = self.entries();
        entries.iter().find(|entry| is_same(&entry.listener, listener)).map(|entry| entry.generation)
    }

    pub(super) fn all(&self) -> Vec<Arc<dyn KeyListener>> {
        self.entries().iter().map(|entry| entry.listener.clone()).collect()
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        // Each change under the lock is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// By address alone: two pointers to one listener may name different copies of its methods.
pub(super) fn is_same(one: &Arc<dyn KeyListener>, other: &Arc<dyn KeyListener>) -> bool {
    std::ptr::eq(Arc::as_ptr(one).cast::<()>(), Arc::as_ptr(other).cast::<()>())
}
