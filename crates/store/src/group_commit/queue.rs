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
    /// Whether one of those at work waits for company. Who comes meanwhile goes with it.
    is_gathering: bool,
    /// Whether the last batch had several orders.
    has_company: bool,
    /// Whether one of those at work runs a batch that waited for nobody. The next of that sort is of all who came meanwhile.
    runs_at_once: bool,
}

/// The right to be at work, until this is dropped.
pub(super) struct Turn {
    /// Nothing when the turn is over.
    state: Option<Arc<Mutex<State>>>,
    /// Whether it is the one that gathers, before its first batch.
    gathers: bool,
    /// Whether it is the one that runs a batch that waited for nobody.
    runs_at_once: bool,
}

impl Queue {
    pub(super) fn new(at_a_time: usize) -> Self {
        Self { at_a_time, state: Arc::default() }
    }

    /// Has `order` wait. With a turn, whoever has it is to serve the queue.
    pub(super) fn push(&self, order: Order) -> Option<Turn> {
        let mut state = locked(&self.state);
        let waits = order.many.waits();
        let is_cared_for = if waits { state.is_gathering } else { state.runs_at_once };
        state.orders.push_back(order);
        let may_work = state.at_work < self.at_a_time && !is_cared_for;
        let gathers = may_work && waits;
        state.at_work += usize::from(may_work);
        state.is_gathering |= gathers;
        may_work.then(|| Turn { state: Some(self.state.clone()), gathers, runs_at_once: false })
    }
}

impl Turn {
    /// Whether more orders are to be expected within a moment.
    pub(super) fn expects_company(&self) -> bool {
        self.gathers && self.state.as_ref().is_some_and(|state| locked(state).has_company)
    }

    /// The orders that are next: those of the statement that is waited for longest, but for what is another turn's. Without
    /// any the turn is over.
    pub(super) fn next(&mut self) -> Option<Batch> {
        let shared = self.state.take()?;
        let mut state = locked(&shared);
        state.runs_at_once &= !self.runs_at_once;
        self.runs_at_once = false;
        let (gathered, at_once) = (state.is_gathering && !self.gathers, state.runs_at_once);
        let batch = state.take_batch(|many| !(if many.waits() { gathered } else { at_once }));
        if let Some(batch) = &batch {
            state.is_gathering = gathered;
            self.runs_at_once = !batch.waits();
            state.runs_at_once |= self.runs_at_once;
        } else {
            // In one with the look: who comes after it finds nobody at work.
            state.leave(self);
        }
        drop(state);
        self.gathers = false;
        self.state = batch.is_some().then_some(shared);
        batch
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(shared) = self.state.take() {
            locked(&shared).leave(self);
        }
    }
}

impl Batch {
    fn waits(&self) -> bool {
        self.orders.first().is_some_and(|order| order.many.waits())
    }
}

impl State {
    fn leave(&mut self, turn: &Turn) {
        self.at_work -= 1;
        self.is_gathering &= !turn.gathers;
        self.runs_at_once &= !turn.runs_at_once;
    }

    fn take_batch(&mut self, is_ours: impl Fn(&Many) -> bool) -> Option<Batch> {
        self.orders.retain(|order| !order.reply.is_closed());
        let many = self.orders.iter().find(|order| is_ours(&order.many))?.many.clone();
        let batch = self.batch(&many);
        if many.waits() {
            self.has_company = batch.orders.len() > 1;
        }
        Some(batch)
    }

    fn batch(&mut self, many: &Arc<Many>) -> Batch {
        let (mut orders, mut later, mut names) = (Vec::new(), VecDeque::new(), HashSet::new());
        for order in self.orders.drain(..) {
            let goes = orders.len() < MOST_ROWS
                && Arc::ptr_eq(&order.many, many)
                && names.insert(order.wanted.name.clone());
            if goes { orders.push(order) } else { later.push_back(order) }
        }
        let (sql, rows) = many.of(orders.len());
        orders.drain(rows..).rev().for_each(|order| later.push_front(order));
        self.orders = later;
        Batch { sql, orders }
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Every change is whole before the lock is left.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::*;

    struct Orders {
        many: Arc<Many>,
        at_once: Arc<Many>,
        room: Arc<Semaphore>,
        answers: Vec<oneshot::Receiver<Result<Option<Row>, sqlx::Error>>>,
    }

    impl Orders {
        fn new() -> Self {
            let many = || Many::new("SELECT name FROM", 1, "");
            let (many, at_once) = (Arc::new(many()), Arc::new(many().at_once()));
            Self { many, at_once, room: Arc::new(Semaphore::new(8)), answers: Vec::new() }
        }

        fn next(&mut self) -> Order {
            self.of(self.many.clone())
        }

        fn at_once(&mut self) -> Order {
            self.of(self.at_once.clone())
        }

        fn of(&mut self, many: Arc<Many>) -> Order {
            let (reply, answer) = oneshot::channel();
            self.answers.push(answer);
            let place = self.room.clone().try_acquire_owned().unwrap();
            let wanted = Wanted { name: self.answers.len().to_string(), values: vec![] };
            Order { many, wanted, reply, _place: place }
        }
    }

    fn size(batch: Option<Batch>) -> usize {
        batch.map_or(0, |batch| batch.orders.len())
    }

    #[test]
    fn who_comes_while_one_gathers_goes_with_it_and_more_are_expected() {
        let (queue, mut orders) = (Queue::new(3), Orders::new());
        let mut turn = queue.push(orders.next()).unwrap();
        assert!(!turn.expects_company());
        assert!(queue.push(orders.next()).is_none());
        assert_eq!(size(turn.next()), 2);
        assert!(queue.push(orders.next()).unwrap().expects_company());
    }

    #[test]
    fn who_went_alone_expects_nobody() {
        let (queue, mut orders) = (Queue::new(3), Orders::new());
        let mut turn = queue.push(orders.next()).unwrap();
        assert!(queue.push(orders.next()).is_none());
        assert_eq!(size(turn.next()), 2);
        let mut alone = queue.push(orders.next()).unwrap();
        assert_eq!(size(alone.next()), 1);
        assert!(!queue.push(orders.next()).unwrap().expects_company());
    }

    #[test]
    fn what_another_gathers_is_left_to_it() {
        let (queue, mut orders) = (Queue::new(2), Orders::new());
        let mut first = queue.push(orders.next()).unwrap();
        assert_eq!(size(first.next()), 1);
        let mut second = queue.push(orders.next()).unwrap();
        assert_eq!(size(first.next()), 0);
        assert_eq!(size(second.next()), 1);
    }

    #[test]
    fn what_goes_at_once_does_so_beside_one_that_gathers() {
        let (queue, mut orders) = (Queue::new(3), Orders::new());
        let mut gathering = queue.push(orders.next()).unwrap();
        let mut at_once = queue.push(orders.at_once()).unwrap();
        assert!(!at_once.expects_company());
        assert!(queue.push(orders.next()).is_none());
        assert_eq!(size(at_once.next()), 1);
        assert_eq!(size(at_once.next()), 0);
        assert!(queue.push(orders.next()).is_none(), "one gathers still");
        assert_eq!(size(gathering.next()), 3);
    }

    #[test]
    fn what_goes_at_once_goes_with_all_who_came_during_the_one_before() {
        let (queue, mut orders) = (Queue::new(3), Orders::new());
        let mut turn = queue.push(orders.at_once()).unwrap();
        assert_eq!(size(turn.next()), 1);
        assert!(queue.push(orders.at_once()).is_none());
        let mut beside = queue.push(orders.next()).unwrap();
        assert!(queue.push(orders.at_once()).is_none());
        assert_eq!(size(beside.next()), 1);
        assert_eq!(size(beside.next()), 0, "the rest is the first turn's");
        assert_eq!(size(turn.next()), 2);
        drop(turn);
        assert!(queue.push(orders.at_once()).is_some(), "nobody is at work");
    }

    #[test]
    fn who_waits_where_all_are_at_work_is_served_by_the_first_that_ends() {
        let (queue, mut orders) = (Queue::new(1), Orders::new());
        let mut turn = queue.push(orders.next()).unwrap();
        assert_eq!(size(turn.next()), 1);
        assert!(queue.push(orders.next()).is_none());
        assert_eq!(size(turn.next()), 1);
        assert_eq!(size(turn.next()), 0);
        assert!(queue.push(orders.next()).is_some(), "nobody is at work");
    }

    #[test]
    fn a_turn_that_ends_early_gathers_no_more() {
        let (queue, mut orders) = (Queue::new(2), Orders::new());
        drop(queue.push(orders.next()).unwrap());
        let mut turn = queue.push(orders.next()).unwrap();
        assert_eq!(size(turn.next()), 2);
    }

    #[test]
    fn who_is_gone_is_left_out() {
        let (queue, mut orders) = (Queue::new(1), Orders::new());
        let mut turn = queue.push(orders.next()).unwrap();
        orders.answers.clear();
        assert_eq!(size(turn.next()), 0);
        assert!(queue.push(orders.next()).is_some(), "nobody is at work");
    }
}
