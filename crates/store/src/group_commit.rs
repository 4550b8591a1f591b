//! Group commit: what callers want of the database at the same time goes to it in one statement.
//!
//! Who comes while nobody is at work is served at once. Who comes while as many statements run as may waits for the end of
//! one, and goes with all who came meanwhile. Where the last did not go alone, the next waits a moment for company. So nothing is
//! slower where little is to be done, and where much is, a row costs a part of a statement, of a commit and of a trip to the
//! database.

mod many;
mod queue;
mod turn;

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Semaphore, oneshot},
    time::timeout,
};

use crate::{
    database::{Database, Engine, Row},
    statement::late,
};
pub(crate) use many::{Many, OwnValue, Wanted};
use queue::{Order, Queue};

/// Orders that wait; further callers wait for room. Many times what all groups of notifyd do at a time, and small.
const LONGEST_QUEUE: usize = 1024;
/// Statements at a time on PostgreSQL: one for each that a mail waits for. More would be smaller ones. Of those that wait
/// for nobody one runs at a time: their size is who came during the one before.
const AT_A_TIME: usize = 3;

/// See the module. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct GroupCommit(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    database: Database,
    queue: Queue,
    room: Arc<Semaphore>,
    /// How long a caller waits.
    patience: Duration,
}

impl GroupCommit {
    /// A call takes no longer than `patience`.
    pub(crate) fn new(database: Database, patience: Duration) -> Self {
        let at_a_time = match &database.engine {
            Engine::Postgres(pool) => AT_A_TIME.min(pool.options().get_max_connections() as usize),
            // It has one writer.
            Engine::Sqlite(..) => 1,
        };
        let (queue, room) = (Queue::new(at_a_time), Arc::new(Semaphore::new(LONGEST_QUEUE)));
        Self(Arc::new(Shared { database, queue, room, patience }))
    }

    /// Runs the statement `many` for one row and others'; what it answers for this one, if anything. When it is cut off,
    /// nobody knows whether it had its effect, or is yet to have it.
    pub(crate) async fn row(&self, many: &Arc<Many>, wanted: Wanted) -> Result<Option<Row>, sqlx::Error> {
        timeout(self.0.patience, self.ordered(many.clone(), wanted)).await.unwrap_or_else(|_| Err(late()))
    }

    async fn ordered(&self, many: Arc<Many>, wanted: Wanted) -> Result<Option<Row>, sqlx::Error> {
        let place = self.0.room.clone().acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let (reply, answer) = oneshot::channel();
        if let Some(turn) = self.0.queue.push(Order { many, wanted, reply, _place: place }) {
            tokio::spawn(turn::serve(self.0.clone(), turn));
        }
        // Nobody answers any more where the runtime ends.
        answer.await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }
}
