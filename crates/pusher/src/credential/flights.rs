//! Many streams with one credential wait for one check.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::OnceCell;

/// A keyed hash of a credential.
pub(super) type Digest = [u8; 32];

type Cells<T> = HashMap<Digest, Arc<OnceCell<T>>>;

/// The checks that are under way; bounded by the requests that wait for them.
pub(super) struct Flights<T>(Mutex<Cells<T>>);

/// A wait for a check. The last one to leave takes the check out of the map.
struct Waiting<'a, T> {
    flights: &'a Flights<T>,
    digest: Digest,
    cell: Arc<OnceCell<T>>,
}

impl<T: Clone> Flights<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    /// Runs `check`, or waits for one of the same credential that is under way. If the client for which it runs goes
    /// away, the next one that waits runs it.
    pub(super) async fn join<F: Future<Output = T>>(&self, digest: Digest, check: impl FnOnce() -> F) -> T {
        let cell = self.lock().entry(digest).or_default().clone();
        let waiting = Waiting { flights: self, digest, cell };
        waiting.cell.get_or_init(check).await.clone()
    }
}

impl<T> Flights<T> {
    fn lock(&self) -> MutexGuard<'_, Cells<T>> {
        // Each change is one call on the map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Drop for Waiting<'_, T> {
    fn drop(&mut self) {
        let mut cells = self.flights.lock();
        let others = Arc::strong_count(&self.cell) > 2;
        // A check that is done must not answer those who come later: its answer may be that nobody could say.
        let is_ours = cells.get(&self.digest).is_some_and(|cell| Arc::ptr_eq(cell, &self.cell));
        if is_ours && (self.cell.initialized() || !others) {
            cells.remove(&self.digest);
        }
    }
}
