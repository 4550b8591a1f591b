//! A call in the writer's queue.

use std::sync::Arc;

use bus::BusError;
use rusqlite::ErrorCode;

use super::Closed;
use crate::tables::Tables;

/// A call as the thread sees it.
pub(super) trait Work: Send {
    /// Does it, in the transaction. Fails when the transaction is lost; its own failure it keeps for the answer.
    fn apply(&mut self, tables: &Tables) -> rusqlite::Result<()>;

    /// Tells the caller, after the transaction.
    fn answer(self: Box<Self>, committed: Result<(), Arc<rusqlite::Error>>);
}

/// See the module.
pub(super) struct Call<T, F, E> {
    operation: Option<F>,
    value: Option<rusqlite::Result<T>>,
    end: E,
}

impl<T, F, E> Call<T, F, E> {
    /// `end` hears what `operation` came to.
    pub(super) fn new(operation: F, end: E) -> Self {
        Self { operation: Some(operation), value: None, end }
    }
}

impl<T, F, E> Work for Call<T, F, E>
where
    T: Send,
    F: FnOnce(&Tables) -> rusqlite::Result<T> + Send,
    E: FnOnce(Result<T, BusError>) + Send,
{
    fn apply(&mut self, tables: &Tables) -> rusqlite::Result<()> {
        let Some(operation) = self.operation.take() else { return Ok(()) };
        self.value = Some(tables.part(operation)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), Arc<rusqlite::Error>>) {
        (self.end)(match (committed, self.value) {
            (Ok(()), Some(Ok(value))) => Ok(value),
            (Ok(()), Some(Err(error))) => Err(failure(error.into())),
            (Ok(()), None) => Err(BusError::Unavailable(Closed.into())),
            (Err(error), _) => Err(failure(error)),
        });
    }
}

/// Says by consequence what SQLite said.
pub(super) fn failure(error: Arc<rusqlite::Error>) -> BusError {
    match (&*error, error.sqlite_error_code()) {
        // Only a later release can have written it.
        (rusqlite::Error::FromSqlConversionFailure(..), _) => BusError::Unusable(error.into()),
        (_, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)) => BusError::Unusable(error.into()),
        _ => BusError::Unavailable(error.into()),
    }
}
