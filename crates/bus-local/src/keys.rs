//! The key listeners of one node. In memory only.

use std::{
    collections::HashMap,
    future::poll_fn,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
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

/// Names a registration, so that a hold that is over ends none that began later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Generation(u64);

struct Entry {
    listener: Arc<dyn KeyListener>,
    generation: Generation,
}

#[derive(Default)]
struct Registered {
    by_key: HashMap<Key, Vec<Entry>>,
    count: usize,
    generations: u64,
}

/// A listener that has begun to hear and not ended.
pub(crate) type Hearing = Pin<Box<dyn Future<Output = ()> + Send>>;

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

    /// Registers a listener, or finds it registered.
    pub(crate) fn add(&self, key: Key, listener: &Arc<dyn KeyListener>) -> Result<Generation, BusError> {
        let mut registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
        let known = registered.by_key.get(&key).into_iter().flatten();
        if let Some(entry) = known.into_iter().find(|entry| is_same(&entry.listener, listener)) {
            return Ok(entry.generation);
        }
        if registered.count >= self.max_registrations {
            return Err(BusError::Full);
        }
        registered.count += 1;
        registered.generations += 1;
        let generation = Generation(registered.generations);
        registered.by_key.entry(key).or_default().push(Entry { listener: listener.clone(), generation });
        Ok(generation)
    }

    /// Ends a registration, unless it is over.
    pub(crate) fn remove(&self, key: Key, generation: Generation) {
        let mut registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entries) = registered.by_key.get_mut(&key) else { return };
        let Some(place) = entries.iter().position(|entry| entry.generation == generation) else { return };
        entries.swap_remove(place);
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

    /// Has every listener begin to hear. Gives back the synchronous ones that did not end at once: they are waited
    /// for together, each for [`LONGEST_HEARING`].
    pub(crate) async fn begin(&self, message: &Arc<Message>, keys: &[Key]) -> Vec<Hearing> {
        let mut hearings = Vec::new();
        for listener in self.listeners(keys) {
            match listener.execution() {
                Execution::Synchronous => hearings.extend(self.hear_at_once(listener, message).await),
                Execution::Asynchronous => self.spawn(listener, message.clone()),
            }
        }
        hearings
    }

    /// Most return at once, and cost neither a timer nor a place in a list.
    async fn hear_at_once(&self, listener: Arc<dyn KeyListener>, message: &Arc<Message>) -> Option<Hearing> {
        let mut hearing = Box::pin(hear(listener, message.clone()));
        let end = poll_fn(|context| Poll::Ready(hearing.as_mut().poll(context))).await;
        if let Poll::Ready(has_heard) = end {
            self.counts.note(has_heard);
            return None;
        }
        let (counts, limit) = (self.counts.clone(), self.clock.sleep(LONGEST_HEARING));
        Some(Box::pin(async move {
            let has_heard = tokio::select! {
                biased;
                has_heard = hearing => has_heard,
                () = limit => false,
            };
            counts.note(has_heard);
        }))
    }

    fn spawn(&self, listener: Arc<dyn KeyListener>, message: Arc<Message>) {
        let Ok(permit) = self.live_runs.clone().try_acquire_owned() else {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let counts = self.counts.clone();
        tokio::spawn(async move {
            counts.note(hear(listener, message).await);
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

impl Counts {
    fn note(&self, has_heard: bool) {
        if !has_heard {
            self.failed.fetch_add(1, Ordering::Relaxed);
            tracing::debug!("Key listener failed");
        }
    }
}

/// One listener, whose failure or panic is nobody else's. Whether it succeeded.
async fn hear(listener: Arc<dyn KeyListener>, message: Arc<Message>) -> bool {
    let run = async {
        let topic: Topic = message.topic;
        if listener.handles(&topic) { listener.hear(message).await } else { Ok(()) }
    };
    matches!(AssertUnwindSafe(run).catch_unwind().await, Ok(Ok(())))
}

/// By address alone: two pointers to one listener may name different copies of its methods.
fn is_same(one: &Arc<dyn KeyListener>, other: &Arc<dyn KeyListener>) -> bool {
    std::ptr::eq(Arc::as_ptr(one).cast::<()>(), Arc::as_ptr(other).cast::<()>())
}
