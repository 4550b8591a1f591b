//! The thread that owns the database: it takes what is queued, does it in one transaction, and answers.

use std::{fs::File, io, sync::Arc, thread};

use bus::BusError;
use rusqlite::ErrorCode;
use tokio::sync::{mpsc, oneshot, watch};

use crate::{checkpoints::Checkpoints, tables::Tables};

/// Calls in one transaction at most: an answer waits for the whole transaction, so it may not grow without end.
const LARGEST_BATCH: usize = 256;

/// The bus was closed.
#[derive(Debug, thiserror::Error)]
#[error("bus is closed")]
pub(crate) struct Closed;

/// A call as the thread sees it.
trait Work: Send {
    /// Does it, in the transaction. Fails when the transaction is lost; its own failure it keeps for the answer.
    fn apply(&mut self, tables: &Tables) -> rusqlite::Result<()>;

    /// Tells the caller, after the transaction.
    fn answer(self: Box<Self>, committed: Result<(), Arc<rusqlite::Error>>);
}

struct Call<T, F, E> {
    operation: Option<F>,
    value: Option<rusqlite::Result<T>>,
    part: Part,
    end: E,
}

/// How much of a transaction a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// One statement, which SQLite undoes alone when it fails.
    Statement,
    /// Several, which are undone together.
    Statements,
}

impl<T, F, E> Work for Call<T, F, E>
where
    T: Send,
    F: FnOnce(&Tables) -> rusqlite::Result<T> + Send,
    E: FnOnce(Result<T, BusError>) + Send,
{
    fn apply(&mut self, tables: &Tables) -> rusqlite::Result<()> {
        let Some(operation) = self.operation.take() else { return Ok(()) };
        self.value = Some(match self.part {
            Part::Statement => tables.statement(operation)?,
            Part::Statements => tables.part(operation)?,
        });
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), Arc<rusqlite::Error>>) {
        (self.end)(match (committed, self.value) {
            (Ok(()), Some(Ok(value))) => Ok(value),
            (Ok(()), Some(Err(error))) => Err(failure(error.into())),
            (Ok(()), None) => Err(BusError::Unavailable(Closed.into())),
            (Err(error), _) => Err(failure(error)),
        });
    }
}

fn failure(error: Arc<rusqlite::Error>) -> BusError {
    match (&*error, error.sqlite_error_code()) {
        // Only a later release can have written it.
        (rusqlite::Error::FromSqlConversionFailure(..), _) => BusError::Unusable(error.into()),
        (_, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)) => BusError::Unusable(error.into()),
        _ => BusError::Unavailable(error.into()),
    }
}

enum Order {
    Work(Box<dyn Work>),
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

/// The way to the thread, which ends when this is dropped or told to stop.
pub(crate) struct Writer {
    queue: mpsc::Sender<Order>,
    is_open: watch::Receiver<bool>,
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(mut kept: Kept, capacity: usize) -> io::Result<Self> {
        let (queue, orders) = mpsc::channel(capacity.max(1));
        let (open, is_open) = watch::channel(true);
        thread::Builder::new().name("bus-writer".to_owned()).spawn(move || {
            serve(&kept.tables, &mut kept.checkpoints, orders);
            // The writer's connection is the last one, so that closing it leaves no log behind; the file is closed before
            // another bus may open it, and both before anyone is told so.
            drop(kept.checkpoints);
            drop(kept.tables);
            drop(kept.lock);
            drop(open);
        })?;
        Ok(Self { queue, is_open })
    }

    /// A place in the queue, if there is one.
    pub(crate) fn room_at_once(&self) -> Option<Room<'_>> {
        self.queue.try_reserve().ok().map(Room)
    }

    /// A place in the queue.
    pub(crate) async fn room(&self) -> Result<Room<'_>, BusError> {
        self.queue.reserve().await.map(Room).map_err(|_| BusError::Unavailable(Closed.into()))
    }

    /// Does `operation` in a transaction and returns what it returned, once that is committed.
    pub(crate) async fn call<T, F>(&self, operation: F) -> Result<T, BusError>
    where
        T: Send + 'static,
        F: FnOnce(&Tables) -> rusqlite::Result<T> + Send + 'static,
    {
        self.room().await?.send(Part::Statements, operation, |value| value).await
    }

    /// Has the thread finish what is queued, and waits for its end.
    pub(crate) async fn close(&self) {
        // Fails when the thread has ended, which is what is wanted.
        self.queue.send(Order::Stop).await.ok();
        let mut is_open = self.is_open.clone();
        while is_open.changed().await.is_ok() {}
    }
}

/// A place in the writer's queue.
pub(crate) struct Room<'a>(mpsc::Permit<'a, Order>);

impl Room<'_> {
    /// [`Writer::call`] for an operation that is one statement. It is queued when this returns. What it returned goes
    /// through `then` on the writer's thread, also when the caller went away.
    pub(crate) fn call_statement<T, U, F, E>(
        self,
        operation: F,
        then: E,
    ) -> impl Future<Output = Result<U, BusError>> + use<T, U, F, E>
    where
        T: Send + 'static,
        U: Send + 'static,
        F: FnOnce(&Tables) -> rusqlite::Result<T> + Send + 'static,
        E: FnOnce(T) -> U + Send + 'static,
    {
        self.send(Part::Statement, operation, then)
    }

    fn send<T, U, F, E>(
        self,
        part: Part,
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
        self.0.send(Order::Work(Box::new(Call { operation: Some(operation), value: None, part, end })));
        async { answer.await.map_err(|_| BusError::Unavailable(Closed.into()))? }
    }
}

fn serve(tables: &Tables, checkpoints: &mut Checkpoints, mut orders: mpsc::Receiver<Order>) {
    let mut batch = Vec::with_capacity(LARGEST_BATCH);
    while let Some(first) = orders.blocking_recv() {
        let mut next = Some(first);
        while let Some(order) = next {
            match order {
                Order::Work(work) => batch.push(work),
                Order::Stop => orders.close(),
            }
            next = if batch.len() < LARGEST_BATCH { orders.try_recv().ok() } else { None };
        }
        let calls = batch.len();
        commit(tables, &mut batch);
        checkpoints.note(calls);
    }
}

/// One transaction. A call that fails is undone and hears so alone; a transaction that fails is everybody's. Who reads
/// states beside the thread sees them before those who wrote them have their answers.
fn commit(tables: &Tables, batch: &mut Vec<Box<dyn Work>>) {
    let apply = |tables: &Tables, work: &mut Box<dyn Work>| {
        // A batch is milliseconds of work; on a machine with few cores others wait for less.
        thread::yield_now();
        work.apply(tables)
    };
    let committed = tables
        .transaction(|tables| batch.iter_mut().try_for_each(|work| apply(tables, work)))
        .map_err(Arc::new);
    tables.show_states(committed.is_ok());
    for work in batch.drain(..) {
        work.answer(committed.clone());
    }
}
