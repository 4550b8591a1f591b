//! Many streams with one credential wait for one check.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::OnceCell;

/// A keyed hash of a credential.
pub(super) type Digest = [u8; 32];

type Checks<T> = HashMap<Digest, Check<T>>;

/// The checks that are under way; bounded by the requests that wait for them.
pub(super) struct Flights<T>(Mutex<Checks<T>>);

struct Check<T> {
    cell: Arc<OnceCell<T>>,
    /// Counted under the lock, so that exactly one of them is the last.
    waiting: usize,
}

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
        let waiting = self.wait(digest);
        waiting.cell.get_or_init(check).await.clone()
    }
}

impl<T> Flights<T> {
    fn wait(&self, digest: Digest) -> Waiting<'_, T> {
        let mut checks = self.lock();
        let check = checks.entry(digest).or_insert_with(|| Check { cell: Arc::default(), waiting: 0 });
        check.waiting += 1;
        Waiting { flights: self, digest, cell: check.cell.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, Checks<T>> {
        // Nothing under the lock can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Drop for Waiting<'_, T> {
    fn drop(&mut self) {
        let mut checks = self.flights.lock();
        // Another check of the same credential may have begun since this one was taken out.
        let ours = checks.get_mut(&self.digest).filter(|check| Arc::ptr_eq(&check.cell, &self.cell));
        let Some(check) = ours else { return };
        check.waiting -= 1;
        // A check that is done must not answer those who come later: its answer may be that nobody could say.
        if check.waiting == 0 || check.cell.initialized() {
            checks.remove(&self.digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_those_that_go_together_takes_the_check_out() {
        let flights = Flights::<()>::new();
        let (first, last) = (flights.wait([1; 32]), flights.wait([1; 32]));
        // What one that leaves still holds, when it has let go of the lock.
        let held = first.cell.clone();
        drop(first);
        assert_eq!(flights.lock().len(), 1);
        drop(last);
        assert!(flights.lock().is_empty());
        drop(held);
    }

    #[tokio::test]
    async fn a_check_that_is_done_answers_nobody_who_comes_later() {
        let flights = Flights::new();
        for answer in 1..=2 {
            assert_eq!(flights.join([1; 32], async || answer).await, answer);
        }
        assert!(flights.lock().is_empty());
    }
}
