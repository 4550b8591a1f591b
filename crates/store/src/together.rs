//! Statements that have their effect together or not at all.

mod joined;
mod transactions;

use sqlx::{Executor as _, PgConnection, Postgres, SqlStr};

use crate::{
    database::{Database, Engine},
    statement::{Lease, Value, bind, within},
};
pub(crate) use transactions::Transactions;

/// One of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step<'a> {
    pub(crate) sql: &'static str,
    pub(crate) values: &'a [Value<'a>],
    /// Whether it has to change a row: if it does not, none of them has an effect.
    pub(crate) must: bool,
}

/// What became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Together {
    /// All had their effect.
    Done,
    /// The step of this index changed nothing, so none had.
    Stopped(usize),
}

impl<'a> Step<'a> {
    pub(crate) const fn must(sql: &'static str, values: &'a [Value<'a>]) -> Self {
        Self { sql, values, must: true }
    }
}

impl Database {
    /// Runs `steps` in one transaction, in their order. When it is cut off, nobody knows whether they had their effect. On
    /// SQLite others' steps may be in the same one: each caller's have their effect for themselves.
    pub(crate) async fn together(&self, steps: &[Step<'_>]) -> Result<Together, sqlx::Error> {
        match &self.engine {
            Engine::Postgres(pool) => {
                let mut lease = Lease::take(pool).await?;
                let result = within(self.patience, run(lease.connection(), steps)).await;
                lease.end(&result, self.patience);
                result
            }
            Engine::Sqlite(_, transactions) => transactions.run(steps).await,
        }
    }
}

/// Ends the transaction whatever comes of the steps, so that the connection is in order.
async fn run(connection: &mut PgConnection, steps: &[Step<'_>]) -> Result<Together, sqlx::Error> {
    connection.execute(sqlx::query("BEGIN")).await?;
    let result = in_order(connection, steps).await;
    let end = if matches!(result, Ok(Together::Done)) { "COMMIT" } else { "ROLLBACK" };
    let ended = connection.execute(sqlx::query(end)).await;
    // What went wrong first is what is told.
    result.and_then(|together| ended.map(|_| together))
}

async fn in_order(connection: &mut PgConnection, steps: &[Step<'_>]) -> Result<Together, sqlx::Error> {
    for (at, step) in steps.iter().enumerate() {
        let query = bind::<Postgres>(SqlStr::from_static(step.sql), step.values);
        if query.execute(&mut *connection).await?.rows_affected() == 0 && step.must {
            return Ok(Together::Stopped(at));
        }
    }
    Ok(Together::Done)
}
