//! SQLite's transactions, each for all callers that are there.
//!
//! Where texts are paid for a commit is synced to the disk, which takes longer than all that it commits. Who comes while
//! nobody is at work is served at once. Who comes later goes with the transaction that is under way, or, while that is
//! committed, in the next one, with all others who came. Each caller's steps are taken back for themselves. What came of
//! them everybody hears after the commit: what is not committed may be taken back, and what others are told may rest on it.

use std::time::Duration;

use sqlx::{Executor as _, SqliteConnection, SqlitePool};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{
    Step, Together,
    joined::{BEGIN, Joined},
};
use crate::{
    Settings,
    statement::{Lease, late, shared, within},
};

/// Callers that wait; further ones wait for room. Many times what all groups of notifyd do at a time, and small.
const LONGEST_QUEUE: usize = 1024;
/// Callers of one transaction, all of whom wait for the last one's steps: with as many, the commit is a small part of what
/// each costs.
const MOST_CALLERS: usize = 32;

/// See the module. Clones are the same; the last one that goes ends it.
#[derive(Debug, Clone)]
pub(crate) struct Transactions {
    orders: mpsc::Sender<Order>,
    /// How long a caller waits.
    patience: Duration,
}

/// What a caller waits for. One who is gone before its steps begin is left out.
#[derive(Debug)]
struct Order {
    /// Until they begin.
    steps: Option<Joined>,
    /// What to say if all are committed.
    outcome: Option<Result<Together, sqlx::Error>>,
    reply: oneshot::Sender<Result<Together, sqlx::Error>>,
}

/// Who serves.
struct Server {
    pool: SqlitePool,
    /// How long a transaction may take.
    patience: Duration,
    orders: mpsc::Receiver<Order>,
}

impl Transactions {
    pub(crate) fn of(pool: SqlitePool, settings: &Settings) -> Self {
        let (orders, waiting) = mpsc::channel(LONGEST_QUEUE);
        let server = Server { pool, patience: settings.statement_timeout, orders: waiting };
        tokio::spawn(server.serve());
        Self { orders, patience: settings.acquire_timeout + settings.statement_timeout }
    }

    /// Runs `steps` in a transaction. When it is cut off, nobody knows whether they had their effect, or are yet to have it.
    pub(super) async fn run(&self, steps: &[Step<'_>]) -> Result<Together, sqlx::Error> {
        let steps = Some(Joined::of(steps)?);
        timeout(self.patience, self.ordered(steps)).await.unwrap_or_else(|_| Err(late()))
    }

    async fn ordered(&self, steps: Option<Joined>) -> Result<Together, sqlx::Error> {
        let (reply, answer) = oneshot::channel();
        let order = Order { steps, outcome: None, reply };
        // Nobody answers any more where the runtime ends.
        self.orders.send(order).await.map_err(|_| sqlx::Error::WorkerCrashed)?;
        answer.await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }
}

impl Server {
    async fn serve(mut self) {
        while let Some(first) = self.orders.recv().await {
            let mut party = vec![first];
            let result = self.transaction(&mut party).await;
            tell(party, result);
        }
    }

    /// A connection on which it failed is kept only if it was taken back in words: closed, it is taken back as well.
    async fn transaction(&mut self, party: &mut Vec<Order>) -> Result<(), sqlx::Error> {
        let (pool, patience) = (self.pool.clone(), self.patience);
        let mut lease = Lease::take(&pool).await?;
        let result = within(patience, self.committed(lease.connection(), party)).await;
        let ended = match &result {
            Ok(()) => Ok(()),
            Err(sqlx::Error::Database(_)) => within(patience, say(lease.connection(), "ROLLBACK")).await,
            Err(_) => return result,
        };
        if ended.is_ok() {
            lease.end(&ended, patience);
        }
        result
    }

    async fn committed(
        &mut self,
        connection: &mut SqliteConnection,
        party: &mut Vec<Order>,
    ) -> Result<(), sqlx::Error> {
        say(connection, BEGIN).await?;
        let mut at = 0;
        while let Some(order) = party.get_mut(at) {
            order.run(connection).await?;
            at += 1;
            if at == party.len() && at < MOST_CALLERS {
                party.extend(self.orders.try_recv().ok());
            }
        }
        say(connection, "COMMIT").await
    }
}

impl Order {
    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        if let Some(steps) = self.steps.take()
            && !self.reply.is_closed()
        {
            self.outcome = Some(steps.run(connection).await?);
        }
        Ok(())
    }
}

async fn say(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), sqlx::Error> {
    connection.execute(sqlx::query(sql)).await.map(drop)
}

/// A caller that went away does not want to know.
fn tell(party: Vec<Order>, result: Result<(), sqlx::Error>) {
    match result {
        Ok(()) => party.into_iter().for_each(|Order { reply, outcome, .. }| {
            outcome.map(|outcome| reply.send(outcome));
        }),
        Err(why) => {
            let whys = shared(why, party.len());
            party.into_iter().zip(whys).for_each(|(order, why)| drop(order.reply.send(Err(why))));
        }
    }
}
