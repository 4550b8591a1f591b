//! The key listeners of one node. In memory only.

mod audience;

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

pub use audience::Audience;

use crate::Clock;
use audience::{Generation, is_same};

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

#[derive(Default)]
struct Registered {
    by_key: HashMap<Key, Arc<Audience>>,
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
        if let Some(generation) = registered.by_key.get(&key).and_then(|known| known.generation_of(listener))
        {
            return Ok(Added { key, generation });
        }
        if registered.count >= self.max_registrations {
            return Err(BusError::Full);
        }
        registered.count += 1;
        registered.generations += 1;
        let generation = Generation(registered.generations);
        registered.by_key.entry(key).or_default().add(listener.clone(), generation);
        Ok(Added { key, generation })
    }

    /// Ends a registration, unless it is over.
    pub fn remove(&self, added: Added) -> Removed {
        let mut registered = self.registered();
        let left = registered.by_key.get(&added.key).map(|audience| audience.remove(added.generation));
        let removed = left.unwrap_or(Removed::Nothing);
        if removed == Removed::TheLast {
            registered.by_key.remove(&added.key);
        }
        registered.count -= usize::from(removed != Removed::Nothing);
        removed
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
        if let [key] = keys {
            // They differ already.
            return registered.by_key.get(key).map(|audience| audience.all()).unwrap_or_default();
        }
        let mut found: Vec<Arc<dyn KeyListener>> = Vec::new();
        for listener in keys.iter().filter_map(|key| registered.by_key.get(key)).flat_map(|known| known.all())
        {
            if !found.iter().any(|known| is_same(known, &listener)) {
                found.push(listener);
            }
        }
        found
    }

    /// The listeners of `key`, to be kept by who hears for it again and again: see [`Audience`].
    pub fn audience(&self, key: Key) -> Option<Arc<Audience>> {
        self.registered().by_key.get(&key).cloned()
    }

    /// Each listener of `audience` that is not one of `earlier` too.
    fn listeners_after(&self, audience: &Audience, earlier: &[Key]) -> Vec<Arc<dyn KeyListener>> {
        let mut listeners = audience.all();
        if !earlier.is_empty() {
            let registered = self.registered();
            let earlier: Vec<_> = earlier.iter().filter_map(|key| registered.by_key.get(key)).collect();
            listeners.retain(|listener| !earlier.iter().any(|other| other.generation_of(listener).is_some()));
        }
        listeners
    }

    /// Has every listener begin to hear. Gives back the synchronous ones that did not end at once: they are waited
    /// for together, each for 1 s at most.
    pub async fn begin(&self, message: &Arc<Message>, keys: &[Key]) -> Vec<Hearing> {
        self.begin_with(self.listeners(keys), message).await
    }

    /// Has the listeners of one key begin to hear what comes once for each of its keys: those of the keys that came
    /// `earlier` in the message heard it already. As [`Self::begin`] else.
    pub async fn begin_after(
        &self,
        message: &Arc<Message>,
        audience: &Audience,
        earlier: &[Key],
    ) -> Vec<Hearing> {
        self.begin_with(self.listeners_after(audience, earlier), message).await
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

#[cfg(test)]
mod tests;
