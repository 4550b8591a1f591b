//! Statements that have their effect together or not at all.

use sqlx::{Database as Engine, Encode, Executor, IntoArguments, Postgres, SqlStr, Sqlite, Type};

use crate::{
    database::{Database, Engine as Which},
    statement::{Lease, Value, bind, within},
};

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
    /// Runs `steps` in one transaction, in their order. When it is cut off, nobody knows whether they had their effect.
    pub(crate) async fn together(&self, steps: &[Step<'_>]) -> Result<Together, sqlx::Error> {
        match &self.engine {
            Which::Postgres(pool) => {
                let mut lease = Lease::take(pool).await?;
                let result = within(
                    self.patience,
                    run::<Postgres>(lease.connection(), SqlStr::from_static("BEGIN"), steps),
                )
                .await;
                lease.end(&result, self.patience);
                result
            }
            Which::Sqlite(pool) => {
                let mut lease = Lease::take(pool).await?;
                // The lock to write is taken first: one that is wanted later may be refused without a wait.
                let result = within(
                    self.patience,
                    run::<Sqlite>(lease.connection(), SqlStr::from_static("BEGIN IMMEDIATE"), steps),
                )
                .await;
                lease.end(&result, self.patience);
                result
            }
        }
    }
}

/// Ends the transaction whatever comes of the steps, so that the connection is in order.
async fn run<DB: Engine>(
    connection: &mut DB::Connection,
    begin: SqlStr,
    steps: &[Step<'_>],
) -> Result<Together, sqlx::Error>
where
    for<'q> &'q str: Encode<'q, DB> + Type<DB>,
    for<'q> i64: Encode<'q, DB> + Type<DB>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
    DB::QueryResult: Changed,
{
    bind::<DB>(begin, &[]).execute(&mut *connection).await?;
    let result = in_order::<DB>(connection, steps).await;
    let end = if matches!(result, Ok(Together::Done)) { "COMMIT" } else { "ROLLBACK" };
    let ended = bind::<DB>(SqlStr::from_static(end), &[]).execute(&mut *connection).await;
    // What went wrong first is what is told.
    result.and_then(|together| ended.map(|_| together))
}

async fn in_order<DB: Engine>(
    connection: &mut DB::Connection,
    steps: &[Step<'_>],
) -> Result<Together, sqlx::Error>
where
    for<'q> &'q str: Encode<'q, DB> + Type<DB>,
    for<'q> i64: Encode<'q, DB> + Type<DB>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
    DB::QueryResult: Changed,
{
    for (at, step) in steps.iter().enumerate() {
        let query = bind::<DB>(SqlStr::from_static(step.sql), step.values);
        if query.execute(&mut *connection).await?.changed() == 0 && step.must {
            return Ok(Together::Stopped(at));
        }
    }
    Ok(Together::Done)
}

/// What both engines say after a statement.
pub(crate) trait Changed {
    fn changed(&self) -> u64;
}

impl Changed for sqlx::postgres::PgQueryResult {
    fn changed(&self) -> u64 {
        self.rows_affected()
    }
}

impl Changed for sqlx::sqlite::SqliteQueryResult {
    fn changed(&self) -> u64 {
        self.rows_affected()
    }
}
