//! What the writer's thread does.

use std::{
    collections::HashMap,
    mem,
    sync::{
        Arc,
        mpsc::{Receiver, TryRecvError},
    },
    time::{Duration, Instant},
};

use mailbox_event::AccountToken;
use tokio::sync::Semaphore;

use super::{
    Kept, Order,
    call::{Work, failure},
};
use crate::{
    ahead::{Ahead, Leaving},
    tables::Tables,
};

/// Calls in one transaction at most, and puts of states that are worth one at once: an answer waits for the whole
/// transaction, so it may not grow without end.
pub(super) const LARGEST_BATCH: usize = 256;

/// How long states wait for others to be stored with. Those who listen or read do not wait for it; who writes one
/// account again and again does, and merges meanwhile. Twice as long saves no more.
const LINGER: Duration = Duration::from_millis(1);

type Failures = HashMap<AccountToken, Arc<rusqlite::Error>>;

/// See the module.
pub(super) struct Thread {
    kept: Kept,
    orders: Receiver<Order>,
    room: Arc<Semaphore>,
    ahead: Arc<Ahead>,
    batch: Vec<Box<dyn Work>>,
    is_open: bool,
}

impl Thread {
    pub(super) fn new(kept: Kept, orders: Receiver<Order>, room: Arc<Semaphore>, ahead: Arc<Ahead>) -> Self {
        Self { kept, orders, room, ahead, batch: Vec::with_capacity(LARGEST_BATCH), is_open: true }
    }

    /// Works until it is told to stop, or nobody can tell it anything.
    pub(super) fn serve(&mut self) {
        while self.wait() {
            self.linger();
            while self.batch.len() < LARGEST_BATCH
                && let Ok(order) = self.orders.try_recv()
            {
                self.accept(order);
            }
            self.commit();
        }
        self.room.close();
        self.ahead.close();
        self.commit();
    }

    /// The writer's connection is the last one, so that closing it leaves no log behind; the file is closed before another
    /// bus may open it, and both before anyone is told so.
    pub(super) fn close(self) {
        let Kept { tables, checkpoints, lock } = self.kept;
        drop(checkpoints);
        drop(tables);
        drop(lock);
    }

    /// Waits for something to do.
    fn wait(&mut self) -> bool {
        if self.ahead.is_waiting() {
            return true;
        }
        let order = if self.is_open {
            self.orders.recv().map_err(|_| TryRecvError::Disconnected)
        } else {
            self.orders.try_recv()
        };
        order.map(|order| self.accept(order)).is_ok()
    }

    /// Lets states come together, unless somebody waits for more than that.
    fn linger(&mut self) {
        let end = Instant::now() + LINGER;
        while self.batch.is_empty() && self.is_open && !self.ahead.is_full() {
            match self.orders.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(order) => self.accept(order),
                Err(_) => break,
            }
        }
    }

    fn accept(&mut self, order: Order) {
        match order {
            Order::Work(work, place) => {
                self.batch.push(work);
                drop(place);
            }
            Order::Store => {}
            Order::Stop => {
                self.is_open = false;
                self.room.close();
            }
        }
    }

    /// One transaction. A call that fails is undone and hears so alone; a transaction that fails is everybody's. States
    /// come first, so that who reads one in a call reads the last. They are known before those who wrote them have
    /// their answers.
    fn commit(&mut self) {
        let (states, mut batch) = (self.ahead.take(), mem::take(&mut self.batch));
        if states.is_empty() && batch.is_empty() {
            return;
        }
        let (tables, mut failures) = (&self.kept.tables, Failures::new());
        let committed = tables.transaction(!states.is_empty(), |tables| {
            store(tables, &states, &mut failures)?;
            batch.iter_mut().try_for_each(|work| work.apply(tables))
        });
        let committed = committed.map_err(Arc::new);
        tables.show_states(committed.is_ok());
        self.kept.checkpoints.note(states.len() + batch.len());
        self.settle(states, &committed, &failures);
        for work in batch.drain(..) {
            work.answer(committed.clone());
        }
        self.batch = batch;
    }

    /// Tells those who put states. A caller that stopped waiting does not want to know.
    fn settle(
        &self,
        states: HashMap<AccountToken, Leaving>,
        committed: &Result<(), Arc<rusqlite::Error>>,
        failures: &Failures,
    ) {
        let error = |account| committed.as_ref().err().or_else(|| failures.get(&account));
        let settled = self.ahead.settle(states, |account| error(account).is_some());
        for waiter in settled.stored {
            waiter.send(Ok(())).ok();
        }
        for (account, waiter) in settled.lost {
            if let Some(error) = error(account) {
                waiter.send(Err(failure(error.clone()))).ok();
            }
        }
    }
}

/// Fails when the transaction is lost; the failures of single states go to `failures`.
fn store(
    tables: &Tables,
    states: &HashMap<AccountToken, Leaving>,
    failures: &mut Failures,
) -> rusqlite::Result<()> {
    for (account, leaving) in states {
        let store = |tables: &Tables| tables.store_state(*account, leaving.base, &leaving.state);
        if let Err(error) = tables.statement(store)? {
            failures.insert(*account, Arc::new(error));
        }
    }
    Ok(())
}
