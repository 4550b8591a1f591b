//! The key listeners of one node. In memory only.

use std::{
    collections::HashMap,
    future::pending,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bus::{BusError, Execution, Key, KeyListener, Message, Topic};
use futures_util::FutureExt;
use tokio::sync::Semaphore;

use crate::{Clock, LocalBusSettings};

/// A dispatcher of a job waits no longer for one synchronous listener: the slow path must not hang on the fast one.
/// They are to return at once, so that one that takes this long is stuck.
const LONGEST_HEARING: Duration = Duration::from_secs(1);

/// Live deliveries that did not succeed since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LiveCounts {
    /// Listeners that failed or panicked, and synchronous ones that took longer than 1 s and were cut off.
    pub failed: u64,
    /// Asynchronous runs that found no room.
    pub dropped: u64,
}

struct Entry {
    listener: Arc<dyn KeyListener>,
    /// How often it is registered on the key; it hears once all the same.
    registrations: usize,
}

#[derive(Default)]
struct Registered {
    by_key: HashMap<Key, Vec<Entry>>,
    count: usize,
}

/// See the module.
pub(crate) struct KeyListeners {
    registered: Mutex<Registered>,
    max_registrations: usize,
    live_runs: Arc<Semaphore>,
    counts: Arc<Counts>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Counts {
    failed: AtomicU64,
    dropped: AtomicU64,
}

impl KeyListeners {
    pub(crate) fn new(settings: &LocalBusSettings, clock: Arc<dyn Clock>) -> Self {
        Self {
            registered: Mutex::default(),
            max_registrations: settings.max_key_registrations,
            live_runs: Arc::new(Semaphore::new(settings.max_live_runs.min(Semaphore::MAX_PERMITS))),
            counts: Arc::default(),
            clock,
        }
    }

    pub(crate) fn add(&self, key: Key, listener: &Arc<dyn KeyListener>) -> Result<(), BusError> {
        let mut registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
        if registered.count >= self.max_registrations {
            return Err(BusError::Full);
        }
        registered.count += 1;
        let entries = registered.by_key.entry(key).or_default();
        match entries.iter_mut().find(|entry| is_same(&entry.listener, listener)) {
            Some(entry) => entry.registrations += 1,
            None => entries.push(Entry { listener: listener.clone(), registrations: 1 }),
        }
        Ok(())
    }

    /// Takes one registration back.
    pub(crate) fn remove(&self, key: Key, listener: &Arc<dyn KeyListener>) {
        let mut registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entries) = registered.by_key.get_mut(&key) else { return };
        let Some(place) = entries.iter().position(|entry| is_same(&entry.listener, listener)) else { return };
        entries[place].registrations -= 1;
        if entries[place].registrations == 0 {
            entries.swap_remove(place);
        }
        if entries.is_empty() {
            registered.by_key.remove(&key);
        }
        registered.count -= 1;
    }

    /// Each listener of any of `keys`, once.
    fn listeners(&self, keys: &[Key]) -> Vec<Arc<dyn KeyListener>> {
        let registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<Arc<dyn KeyListener>> = Vec::new();
        for entry in keys.iter().filter_map(|key| registered.by_key.get(key)).flatten() {
            // Within one key they differ already; comparing each with each matters for few keys only.
            if keys.len() == 1 || !found.iter().any(|known| is_same(known, &entry.listener)) {
                found.push(entry.listener.clone());
            }
        }
        found
    }

    /// Waits for the synchronous ones, one after another, for [`LONGEST_HEARING`] each.
    pub(crate) async fn tell(&self, message: &Arc<Message>, keys: &[Key]) {
        for listener in self.listeners(keys) {
            match listener.execution() {
                Execution::Synchronous => {
                    let limit = self.clock.sleep(LONGEST_HEARING);
                    hear(listener, message.clone(), &self.counts, limit).await;
                }
                Execution::Asynchronous => self.spawn(listener, message.clone()),
            }
        }
    }

    fn spawn(&self, listener: Arc<dyn KeyListener>, message: Arc<Message>) {
        let Ok(permit) = self.live_runs.clone().try_acquire_owned() else {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let counts = self.counts.clone();
        tokio::spawn(async move {
            hear(listener, message, &counts, pending()).await;
            drop(permit);
        });
    }

    pub(crate) fn counts(&self) -> LiveCounts {
        LiveCounts {
            failed: self.counts.failed.load(Ordering::Relaxed),
            dropped: self.counts.dropped.load(Ordering::Relaxed),
        }
    }
}

/// One listener, whose failure or panic is nobody else's. Cut off when `limit` is over.
async fn hear(
    listener: Arc<dyn KeyListener>,
    message: Arc<Message>,
    counts: &Counts,
    limit: impl Future<Output = ()>,
) {
    let run = async {
        let topic: Topic = message.topic;
        if listener.handles(&topic) { listener.hear(message).await } else { Ok(()) }
    };
    let has_heard = tokio::select! {
        biased;
        end = AssertUnwindSafe(run).catch_unwind() => matches!(end, Ok(Ok(()))),
        () = limit => false,
    };
    if !has_heard {
        counts.failed.fetch_add(1, Ordering::Relaxed);
        tracing::debug!("Key listener failed");
    }
}

/// By address alone: two pointers to one listener may name different copies of its methods.
fn is_same(one: &Arc<dyn KeyListener>, other: &Arc<dyn KeyListener>) -> bool {
    std::ptr::eq(Arc::as_ptr(one).cast::<()>(), Arc::as_ptr(other).cast::<()>())
}
