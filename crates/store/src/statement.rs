//! One statement on one connection, with an end.

use std::{
    io::{self, ErrorKind},
    iter,
    time::Duration,
};

use mailbox_event::UnixMillis;
use sqlx::{Database, Encode, Pool, SqlStr, Type, pool::PoolConnection, query::Query};
use tokio::time::timeout;

/// An argument; statements name them `$1`, `$2`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    Text(&'a str),
    Number(i64),
}

/// SQL has no unsigned numbers; times beyond its range (the year 292,278,994) are as good as the end of it.
pub(crate) fn millis(time: UnixMillis) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}

pub(crate) fn bind<'q, DB: Database>(
    sql: SqlStr,
    values: &[Value<'q>],
) -> Query<'q, DB, <DB as Database>::Arguments>
where
    &'q str: Encode<'q, DB> + Type<DB>,
    i64: Encode<'q, DB> + Type<DB>,
{
    values.iter().fold(sqlx::query(sql), |query, value| match *value {
        Value::Text(text) => query.bind(text),
        Value::Number(number) => query.bind(number),
    })
}

/// A connection in use. One that was left in the middle of a statement is cut: given back to the pool, it would keep
/// its place there for as long as a server says nothing.
pub(crate) struct Lease<DB: Database>(Option<PoolConnection<DB>>);

impl<DB: Database> Lease<DB> {
    /// Waits for a connection no longer than the pool is set to.
    pub(crate) async fn take(pool: &Pool<DB>) -> Result<Self, sqlx::Error> {
        Ok(Self(Some(pool.acquire().await?)))
    }

    pub(crate) fn connection(&mut self) -> &mut DB::Connection {
        self.0.as_mut().expect("it is there until the lease ends")
    }

    /// Gives the connection back if it is in order: what the server refuses in words leaves it so. The pool asks the
    /// server once more before it takes it, without an end of its own.
    pub(crate) fn end<T>(mut self, result: &Result<T, sqlx::Error>, patience: Duration) {
        if matches!(result, Ok(_) | Err(sqlx::Error::Database(_)))
            && let Some(mut connection) = self.0.take()
        {
            drop(tokio::spawn(timeout(patience, connection.return_to_pool())));
        }
    }
}

impl<DB: Database> Drop for Lease<DB> {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

/// Waits for `statement` no longer than `patience`.
pub(crate) async fn within<T>(
    patience: Duration,
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    timeout(patience, statement).await.unwrap_or_else(|_| Err(late()))
}

pub(crate) fn late() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(ErrorKind::TimedOut, "database did not answer in time"))
}

/// For each of so many who hear the same. What only one can be given, the first has.
pub(crate) fn shared(why: sqlx::Error, among: usize) -> impl Iterator<Item = sqlx::Error> {
    let copies: Vec<_> = (1..among).map(|_| copy(&why)).collect();
    iter::once(why).chain(copies)
}

fn copy(why: &sqlx::Error) -> sqlx::Error {
    match why {
        sqlx::Error::PoolTimedOut => sqlx::Error::PoolTimedOut,
        sqlx::Error::PoolClosed => sqlx::Error::PoolClosed,
        sqlx::Error::Io(why) => sqlx::Error::Io(io::Error::new(why.kind(), why.to_string())),
        other => sqlx::Error::Io(io::Error::other(other.to_string())),
    }
}
