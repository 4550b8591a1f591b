//! The hold that a listener has on the bus.

use std::sync::{Mutex, PoisonError};

type End = Box<dyn FnOnce() + Send>;

/// Ends a registration when dropped, or before. Ending it twice, or after the bus is gone, does nothing.
#[must_use = "dropping a registration ends it"]
pub struct Registration(Mutex<Option<End>>);

impl Registration {
    /// A registration that runs `end` once, when it is over. `end` must not block.
    pub fn new(end: impl FnOnce() + Send + 'static) -> Self {
        Self(Mutex::new(Some(Box::new(end))))
    }

    /// Ends it now, if it is not over yet.
    pub fn unregister(&self) {
        // Taken out before it runs: it may drop what holds this very registration.
        let end = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(end) = end {
            end();
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.unregister();
    }
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registration(..)")
    }
}
