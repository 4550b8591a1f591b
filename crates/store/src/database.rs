//! The two engines as one.

use std::time::Duration;

use sqlx::{PgPool, Postgres, Row as _, SqlSafeStr, Sqlite, SqlitePool, postgres::PgRow, sqlite::SqliteRow};

use crate::{
    statement::{Lease, Value, bind, within},
    together::Transactions,
};

/// Connections to a database. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) engine: Engine,
    /// How long a statement may take.
    pub(crate) patience: Duration,
}

#[derive(Debug, Clone)]
pub(crate) enum Engine {
    Postgres(PgPool),
    /// And who has several callers' steps in one transaction.
    Sqlite(SqlitePool, Transactions),
}

/// A row of either.
#[derive(Debug)]
pub(crate) enum Row {
    Postgres(PgRow),
    Sqlite(SqliteRow),
}

impl From<PgRow> for Row {
    fn from(row: PgRow) -> Self {
        Self::Postgres(row)
    }
}

impl From<SqliteRow> for Row {
    fn from(row: SqliteRow) -> Self {
        Self::Sqlite(row)
    }
}

/// Has `$statement` run on a connection of `$pool`, and the connection given back or cut.
macro_rules! leased {
    ($pool:expr, $patience:expr, |$connection:ident| $statement:expr) => {{
        let mut lease = Lease::take($pool).await?;
        let $connection = lease.connection();
        let result = within($patience, $statement).await;
        lease.end(&result, $patience);
        result
    }};
}

impl Database {
    /// Runs a statement; how many rows it changed. When it is cut off, nobody knows whether it did.
    pub(crate) async fn execute(
        &self,
        sql: impl SqlSafeStr,
        values: &[Value<'_>],
    ) -> Result<u64, sqlx::Error> {
        let sql = sql.into_sql_str();
        match &self.engine {
            Engine::Postgres(pool) => {
                let query = bind::<Postgres>(sql, values);
                leased!(pool, self.patience, |connection| query.execute(connection))
                    .map(|done| done.rows_affected())
            }
            Engine::Sqlite(pool, _) => {
                let query = bind::<Sqlite>(sql, values);
                leased!(pool, self.patience, |connection| query.execute(connection))
                    .map(|done| done.rows_affected())
            }
        }
    }

    /// Runs a statement that gives one row or none.
    pub(crate) async fn row(
        &self,
        sql: impl SqlSafeStr,
        values: &[Value<'_>],
    ) -> Result<Option<Row>, sqlx::Error> {
        let sql = sql.into_sql_str();
        match &self.engine {
            Engine::Postgres(pool) => {
                let query = bind::<Postgres>(sql, values);
                let row = leased!(pool, self.patience, |connection| query.fetch_optional(connection));
                Ok(row?.map(Row::Postgres))
            }
            Engine::Sqlite(pool, _) => {
                let query = bind::<Sqlite>(sql, values);
                let row = leased!(pool, self.patience, |connection| query.fetch_optional(connection));
                Ok(row?.map(Row::Sqlite))
            }
        }
    }

    /// Runs a statement whose rows it bounds itself.
    pub(crate) async fn rows(
        &self,
        sql: impl SqlSafeStr,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, sqlx::Error> {
        let sql = sql.into_sql_str();
        match &self.engine {
            Engine::Postgres(pool) => {
                let query = bind::<Postgres>(sql, values);
                let rows = leased!(pool, self.patience, |connection| query.fetch_all(connection));
                Ok(rows?.into_iter().map(Row::Postgres).collect())
            }
            Engine::Sqlite(pool, _) => {
                let query = bind::<Sqlite>(sql, values);
                let rows = leased!(pool, self.patience, |connection| query.fetch_all(connection));
                Ok(rows?.into_iter().map(Row::Sqlite).collect())
            }
        }
    }

    /// Closes once running statements are over. Later calls fail.
    pub(crate) async fn close(&self) {
        match &self.engine {
            Engine::Postgres(pool) => pool.close().await,
            Engine::Sqlite(pool, _) => pool.close().await,
        }
    }
}

impl Row {
    pub(crate) fn text(&self, column: &str) -> Result<String, sqlx::Error> {
        match self {
            Self::Postgres(row) => row.try_get(column),
            Self::Sqlite(row) => row.try_get(column),
        }
    }

    /// `None` where the column is NULL.
    pub(crate) fn text_if_any(&self, column: &str) -> Result<Option<String>, sqlx::Error> {
        match self {
            Self::Postgres(row) => row.try_get(column),
            Self::Sqlite(row) => row.try_get(column),
        }
    }

    pub(crate) fn number(&self, column: &str) -> Result<i64, sqlx::Error> {
        match self {
            Self::Postgres(row) => row.try_get(column),
            Self::Sqlite(row) => row.try_get(column),
        }
    }
}
