//! Who waits, and how many are at work.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sqlx::SqlStr;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::many::{MOST_ROWS, Many, Wanted};
use crate::database::Row;

/// What a caller waits for. One who is gone before the statement begins is left out of it.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) many: Arc<Many>,
    pub(super) wanted: Wanted,
    pub(super) reply: oneshot::Sender<Result<Option<Row>, sqlx::Error>>,
    /// Held until it has its answer.
    pub(super) _place: OwnedSemaphorePermit,
}

/// Orders that go together.
pub(super) struct Batch {
    pub(super) sql: SqlStr,
    pub(super) orders: Vec<Order>,
}

/// See the module. Its bound is that of the places.
#[derive(Debug)]
pub(super) struct Queue {
    at_a_time: usize,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    orders: VecDeque<Order>,
    at_work: usize,
}

/// The right to be at work, until this is dropped.
pub(super) struct Turn(Option<Arc<Mutex<State>>>);

impl Queue {
    pub(super) fn new(at_a_time: usize) -> Self {
        Self { at_a_time, state: Arc::default() }
    }

    /// Has `order` wait. With a turn, whoever has it is to serve the queue.
    pub(super) fn push(&self, order: Order) -> Option<Turn> {
        let mut state = locked(&self.state);
        state.orders.push_back(order);
        let may_work = state.at_work < self.at_a_time;
        state.at_work += usize::from(may_work);
        may_work.then(|| Turn(Some(self.state.clone())))
    }
}

impl Turn {
    /// The orders that are next: those of the statement that is waited for longest. Without any the turn is over.
    pub(super) fn next(&mut self) -> Option<Batch> {
        let shared = self.0.take()?;
        let mut state = locked(&shared);
        state.orders.retain(|order| !order.reply.is_closed());
        let batch = state.batch();
        // In one with the look: who comes after it finds nobody at work.
        state.at_work -= usize::from(batch.is_none());
        drop(state);
        self.0 = batch.is_some().then_some(shared);
        batch
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            locked(&shared).at_work -= 1;
        }
    }
}

impl State {
    fn batch(&mut self) -> Option<Batch> {
        let many = self.orders.front()?.many.clone();
        let (mut orders, mut later, mut names) = (Vec::new(), VecDeque::new(), HashSet::new());
        for order in self.orders.drain(..) {
            let goes = orders.len() < MOST_ROWS
                && Arc::ptr_eq(&order.many, &many)
                && names.insert(order.wanted.name.clone());
            if goes { orders.push(order) } else { later.push_back(order) }
        }
        let (sql, rows) = many.of(orders.len());
        orders.drain(rows..).rev().for_each(|order| later.push_front(order));
        self.orders = later;
        Some(Batch { sql, orders })
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Every change is whole before the lock is left.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
