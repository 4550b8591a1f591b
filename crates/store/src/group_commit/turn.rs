//! Serves the queue until nobody waits.

use std::{collections::HashMap, sync::Arc, time::Duration};

use sqlx::{Database as Engine, Encode, Executor, IntoArguments, Pool, Postgres, SqlStr, Sqlite, Type};
use tokio::time::sleep;

use super::{
    Shared,
    queue::{Batch, Order, Turn},
};
use crate::{
    database::{Engine as Which, Row},
    statement::{Lease, Value, bind, shared, within},
};

/// Statements on one connection before others may have it. To give it back costs two trips to the database.
const LONGEST_LEASE: usize = 32;

/// What is waited for others where there have just been some. A batch of many costs the database little more than one of a
/// few, and who has company waits for work rather than for an answer.
const COMPANY: Duration = Duration::from_millis(1);

/// See the module.
pub(super) async fn serve(shared: Arc<Shared>, turn: Turn) {
    match &shared.database.engine {
        Which::Postgres(pool) => At::<Postgres> { shared: &shared, pool, held: None }.serve(turn).await,
        Which::Sqlite(pool, _) => At::<Sqlite> { shared: &shared, pool, held: None }.serve(turn).await,
    }
}

/// Who serves.
struct At<'a, DB: Engine> {
    shared: &'a Shared,
    pool: &'a Pool<DB>,
    /// A connection, and the statements that it is good for.
    held: Option<(Lease<DB>, usize)>,
}

impl<DB: Engine> At<'_, DB>
where
    for<'q> &'q str: Encode<'q, DB> + Type<DB>,
    for<'q> i64: Encode<'q, DB> + Type<DB>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
    Row: From<DB::Row>,
{
    async fn serve(mut self, mut turn: Turn) {
        if turn.expects_company() {
            sleep(COMPANY).await;
        } else {
            // Who is ready at this moment is let in.
            tokio::task::yield_now().await;
        }
        while let Some(batch) = turn.next() {
            self.batch(batch).await;
        }
        self.give_back();
    }

    async fn batch(&mut self, batch: Batch) {
        match self.rows(batch.sql, &batch.orders).await {
            // It may be about one row.
            Err(sqlx::Error::Database(_)) if batch.orders.len() > 1 => self.one_by_one(batch.orders).await,
            Ok(rows) => answer(batch.orders, rows),
            Err(why) => fail(batch.orders, why),
        }
    }

    async fn one_by_one(&mut self, orders: Vec<Order>) {
        for order in orders.into_iter().filter(|order| !order.reply.is_closed()) {
            let orders = vec![order];
            match self.rows(orders[0].many.of(1).0, &orders).await {
                Ok(rows) => answer(orders, rows),
                Err(why) => fail(orders, why),
            }
        }
    }

    async fn rows(&mut self, sql: SqlStr, orders: &[Order]) -> Result<Vec<Row>, sqlx::Error> {
        let values: Vec<Value<'_>> =
            orders.iter().flat_map(|order| &order.wanted.values).map(|value| value.lent()).collect();
        let (mut lease, left) = match self.held.take() {
            Some(held) => held,
            None => (Lease::take(self.pool).await?, LONGEST_LEASE),
        };
        let patience = self.shared.database.patience;
        let statement = bind::<DB>(sql, &values).fetch_all(lease.connection());
        let rows = within(patience, statement).await;
        if left > 1 && rows.is_ok() {
            self.held = Some((lease, left - 1));
        } else {
            lease.end(&rows, patience);
        }
        Ok(rows?.into_iter().map(Row::from).collect())
    }

    fn give_back(mut self) {
        if let Some((lease, _)) = self.held.take() {
            lease.end(&Ok(()), self.shared.database.patience);
        }
    }
}

/// A caller that went away does not want to know.
fn answer(orders: Vec<Order>, rows: Vec<Row>) {
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        match row.text("name") {
            // The first counts, where a view of an operator's has several.
            Ok(name) => drop(found.entry(name).or_insert(row)),
            Err(why) => return fail(orders, why),
        }
    }
    for Order { wanted, reply, .. } in orders {
        reply.send(Ok(found.remove(&wanted.name))).ok();
    }
}

fn fail(orders: Vec<Order>, why: sqlx::Error) {
    let whys = shared(why, orders.len());
    for (order, why) in orders.into_iter().zip(whys) {
        order.reply.send(Err(why)).ok();
    }
}
