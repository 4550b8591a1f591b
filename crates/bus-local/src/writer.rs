//! The thread that owns the database: it takes what is queued, does it in one transaction, and answers.

mod call;
mod thread;

use std::{
    fs::File,
    io,
    sync::{
        Arc,
        mpsc::{Sender, channel},
    },
    thread as threads,
};

use bus::BusError;
use tokio::sync::{Semaphore, oneshot, watch};

use crate::{
    ahead::{Accepted, Ahead, Place, Put, Refused, Undecided},
    checkpoints::Checkpoints,
    tables::Tables,
};
use call::{Call, Work};
use thread::{LARGEST_BATCH, Thread};

/// The bus was closed.
#[derive(Debug, thiserror::Error)]
#[error("bus is closed")]
pub(crate) struct Closed;

enum Order {
    Work(Box<dyn Work>, Place),
    /// Store the states that wait.
    Store,
    /// Do what is queued, then end.
    Stop,
}

/// What the thread owns.
pub(crate) struct Kept {
    pub(crate) tables: Tables,
    pub(crate) checkpoints: Checkpoints,
    /// Held until all is closed.
    pub(crate) lock: Option<File>,
}

/// Ends every wait for the thread when it ends, also by a panic: what was accepted and not stored has no answer.
struct End {
    room: Arc<Semaphore>,
    ahead: Arc<Ahead>,
}

impl Drop for End {
    fn drop(&mut self) {
        self.room.close();
        self.ahead.close();
        drop(self.ahead.take());
    }
}

/// The way to the thread, which ends when this is dropped or told to stop.
pub(crate) struct Writer {
    /// Bounded by `room`: whatever waits for the thread holds a part of it.
    queue: Sender<Order>,
    room: Arc<Semaphore>,
    ahead: Arc<Ahead>,
    is_open: watch::Receiver<bool>,
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(kept: Kept, capacity: usize) -> io::Result<Self> {
        let capacity = capacity.clamp(1, Semaphore::MAX_PERMITS);
        let (queue, orders) = channel();
        let (open, is_open) = watch::channel(true);
        let room = Arc::new(Semaphore::new(capacity));
        let ahead = Arc::new(Ahead::new(kept.tables.known(), capacity.min(LARGEST_BATCH)));
        let mut thread = Thread::new(kept, orders, room.clone(), ahead.clone());
        let end = End { room: room.clone(), ahead: ahead.clone() };
        threads::Builder::new().name("bus-writer".to_owned()).spawn(move || {
            thread.serve();
            thread.close();
            drop(end);
            drop(open);
        })?;
        Ok(Self { queue, room, ahead, is_open })
    }

    /// States that are not stored yet.
    pub(crate) fn ahead(&self) -> &Arc<Ahead> {
        &self.ahead
    }

    /// A place in the queue, if there is one.
    pub(crate) fn place_at_once(&self) -> Option<Place> {
        self.room.clone().try_acquire_owned().ok()
    }

    /// A place in the queue.
    pub(crate) async fn place(&self) -> Result<Place, BusError> {
        self.room.clone().acquire_owned().await.map_err(|_| BusError::Unavailable(Closed.into()))
    }

    /// Does `operation` in a transaction and returns what it returned, once that is committed.
    pub(crate) async fn call<T, F>(&self, operation: F) -> Result<T, BusError>
    where
        T: Send + 'static,
        F: FnOnce(&Tables) -> rusqlite::Result<T> + Send + 'static,
    {
        self.call_from(self.place().await?, operation, |value| value).await
    }

    /// [`Self::call`]. It is queued when this returns. What it returned goes through `then` on the writer's thread,
    /// also when the caller went away.
    pub(crate) fn call_from<T, U, F, E>(
        &self,
        place: Place,
        operation: F,
        then: E,
    ) -> impl Future<Output = Result<U, BusError>> + use<T, U, F, E>
    where
        T: Send + 'static,
        U: Send + 'static,
        F: FnOnce(&Tables) -> rusqlite::Result<T> + Send + 'static,
        E: FnOnce(T) -> U + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        // A caller that stopped waiting does not want to know.
        let end = move |value: Result<T, BusError>| drop(reply.send(value.map(then)));
        // Fails when the thread has ended, and with it the wait for its answer.
        self.queue.send(Order::Work(Box::new(Call::new(operation, end)), place)).ok();
        async { answer.await.map_err(|_| BusError::Unavailable(Closed.into()))? }
    }

    /// Puts a state whose account is known without the file; it is queued when this returns.
    pub(crate) fn put_state(&self, put: Put, place: Place) -> Result<Result<Accepted, Refused>, Undecided> {
        let decided = self.ahead.put(put, place)?;
        if decided.as_ref().is_ok_and(|accepted| accepted.is_news) {
            // Fails when the thread has ended, and then the wait ends as well: see [`End`].
            self.queue.send(Order::Store).ok();
        }
        Ok(decided)
    }

    /// Has the thread finish what is queued, and waits for its end.
    pub(crate) async fn close(&self) {
        // Fails when the thread has ended, which is what is wanted.
        self.queue.send(Order::Stop).ok();
        let mut is_open = self.is_open.clone();
        while is_open.changed().await.is_ok() {}
    }
}
