//! The key listeners of one node. In memory only.

use std::{
    collections::HashMap,
    future::poll_fn,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use bus::{BusError, Execution, Key, KeyListener, Message, Topic};
use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Clock;

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

/// How much of what key listeners are there is on one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyBounds {
    /// Registrations.
    pub registrations: usize,
    /// Runs of asynchronous listeners at the same time; further ones are dropped and counted.
    pub live_runs: usize,
}

/// Names a registration, so that a hold that is over ends none that began later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Generation(u64);

/// A registration that began, or that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    key: Key,
    generation: Generation,
}

/// What the end of a registration left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// It was over before.
    Nothing,
    /// The key has other listeners.
    OneOfSome,
    /// The key has none any more.
    TheLast,
}

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
pub type Hearing = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The key listeners of one node, and how they are run.
pub struct KeyListeners {
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
    /// Nobody listens yet.
    pub fn new(bounds: KeyBounds, clock: Arc<dyn Clock>) -> Self {
        Self {
            registered: Mutex::default(),
            max_registrations: bounds.registrations,
            live_runs: Arc::new(Semaphore::new(bounds.live_runs.min(Semaphore::MAX_PERMITS))),
            counts: Arc::default(),
            clock,
        }
    }

    fn registered(&self) -> MutexGuard<'_, Registered> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a listener, or finds it registered. Fails with [`BusError::Full`].
    pub fn add(&self, key: Key, listener: &Arc<dyn KeyListener>) -> Result<Added, BusError> {
        let mut registered = self.registered();
        let known = registered.by_key.get(&key).into_iter().flatten();
        if let Some(entry) = known.into_iter().find(|entry| is_same(&entry.listener, listener)) {
            return Ok(Added { key, generation: entry.generation });
        }
        if registered.count >= self.max_registrations {
            return Err(BusError::Full);
        }
        registered.count += 1;
        registered.generations += 1;
        let generation = Generation(registered.generations);
        registered.by_key.entry(key).or_default().push(Entry { listener: listener.clone(), generation });
        Ok(Added { key, generation })
    }

    /// Ends a registration, unless it is over.
    pub fn remove(&self, added: Added) -> Removed {
        let mut registered = self.registered();
        let Some(entries) = registered.by_key.get_mut(&added.key) else { return Removed::Nothing };
        let Some(place) = entries.iter().position(|entry| entry.generation == added.generation) else {
            return Removed::Nothing;
        };
        entries.swap_remove(place);
        let is_last = entries.is_empty();
        if is_last {
            registered.by_key.remove(&added.key);
        }
        registered.count -= 1;
        if is_last { Removed::TheLast } else { Removed::OneOfSome }
    }

    /// Whether anybody listens to `key`.
    pub fn has(&self, key: Key) -> bool {
        self.registered().by_key.contains_key(&key)
    }

    /// Every key that has a listener.
    pub fn keys(&self) -> Vec<Key> {
        self.registered().by_key.keys().copied().collect()
    }

    /// Each listener of any of `keys`, once.
    fn listeners(&self, keys: &[Key]) -> Vec<Arc<dyn KeyListener>> {
        let registered = self.registered();
        let mut found: Vec<Arc<dyn KeyListener>> = Vec::new();
        for entry in keys.iter().filter_map(|key| registered.by_key.get(key)).flatten() {
            // Within one key they differ already; comparing each with each matters for few keys only.
            if keys.len() == 1 || !found.iter().any(|known| is_same(known, &entry.listener)) {
                found.push(entry.listener.clone());
            }
        }
        found
    }

    /// Each listener of `key` that is not one of `earlier` too.
    fn listeners_after(&self, key: Key, earlier: &[Key]) -> Vec<Arc<dyn KeyListener>> {
        let registered = self.registered();
        let has_heard = |listener| {
            let entries = earlier.iter().filter_map(|key| registered.by_key.get(key)).flatten();
            entries.into_iter().any(|entry| is_same(&entry.listener, listener))
        };
        let entries = registered.by_key.get(&key).into_iter().flatten();
        entries.filter(|entry| !has_heard(&entry.listener)).map(|entry| entry.listener.clone()).collect()
    }

    /// Has every listener begin to hear. Gives back the synchronous ones that did not end at once: they are waited
    /// for together, each for 1 s at most.
    pub async fn begin(&self, message: &Arc<Message>, keys: &[Key]) -> Vec<Hearing> {
        self.begin_with(self.listeners(keys), message).await
    }

    /// Has the listeners of `key` begin to hear what comes once for each of its keys: those of the keys that came
    /// `earlier` in the message heard it already. As [`Self::begin`] else.
    pub async fn begin_after(&self, message: &Arc<Message>, key: Key, earlier: &[Key]) -> Vec<Hearing> {
        self.begin_with(self.listeners_after(key, earlier), message).await
    }

    async fn begin_with(&self, listeners: Vec<Arc<dyn KeyListener>>, message: &Arc<Message>) -> Vec<Hearing> {
        let mut hearings = Vec::new();
        for listener in listeners {
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
        let Some(permit) = self.room() else { return };
        let counts = self.counts.clone();
        tokio::spawn(async move {
            counts.note(hear(listener, message).await);
            drop(permit);
        });
    }

    /// Lets hearings end by themselves, within the bound on live runs; what finds no room is cut off and counted.
    pub fn finish(&self, hearings: Vec<Hearing>) {
        for hearing in hearings {
            let Some(permit) = self.room() else { continue };
            tokio::spawn(async move {
                hearing.await;
                drop(permit);
            });
        }
    }

    /// A place for one live run; none is counted.
    fn room(&self) -> Option<OwnedSemaphorePermit> {
        let permit = self.live_runs.clone().try_acquire_owned().ok();
        if permit.is_none() {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
        permit
    }

    /// Deliveries that did not succeed.
    pub fn counts(&self) -> LiveCounts {
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
