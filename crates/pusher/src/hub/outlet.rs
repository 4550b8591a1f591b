//! The short way to the only stream of an account: who hears the bus writes to it, and its task sleeps on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// A stream that others than its own task can tell what is known.
pub trait Outlet: Send + Sync {
    /// Writes what the socket takes at once. Says whether that was all there is to say; else the stream's task has to
    /// look. What is told is what is known by then, so that it does not matter who is first.
    fn tell(&self) -> bool;
}

/// The outlet of the newest stream of an account that has one.
#[derive(Default)]
pub(super) struct ShortWay(Mutex<Option<Weak<dyn Outlet>>>);

impl ShortWay {
    pub(super) fn lead_to(&self, outlet: Weak<dyn Outlet>) {
        *self.lock() = Some(outlet);
    }

    /// Holds the stream as long as what is given back is kept.
    pub(super) fn outlet(&self) -> Option<Arc<dyn Outlet>> {
        self.lock().as_ref()?.upgrade()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Weak<dyn Outlet>>> {
        // Nothing under the lock can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
