//! Ends of effects that are known and not yet in the ledger.
//!
//! When the database goes away after the server has taken a mail, the ledger does not know it, and the job comes again.
//! So nothing is sent before all that is owed is written: that bounds the list, too, for each run owes one end at most.

use std::sync::{Mutex, PoisonError};

use mailbox_event::UnixMillis;
use store::{Ending, StoreError};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    endings: Mutex<Vec<Ending>>,
    /// Who comes while another writes waits: it may be its own.
    turn: tokio::sync::Mutex<()>,
}

/// An end that goes to the list when this is dropped: a run may be cut off at any time.
#[derive(Debug)]
pub(crate) struct Debt<'a> {
    owed: &'a Owed,
    ending: Option<Ending>,
}

impl Owed {
    /// Holds `ending` until it is written or forgiven.
    pub(crate) fn debt(&self, ending: Ending) -> Debt<'_> {
        Debt { owed: self, ending: Some(ending) }
    }

    /// Writes all that is owed. Fails when the database is away.
    pub(crate) async fn settle(&self, now: UnixMillis) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        while let Some(ending) = self.next() {
            match self.debt(ending).write(now).await {
                // It was written before, or another node has begun the mail again: nothing is left to say.
                Ok(()) | Err(StoreError::Taken) => {}
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }

    fn next(&self) -> Option<Ending> {
        self.endings.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

impl Debt<'_> {
    /// Writes it. It stays owed where the database is away.
    pub(crate) async fn write(mut self, now: UnixMillis) -> Result<(), StoreError> {
        let Some(ending) = &self.ending else { return Ok(()) };
        let written = ending.write(now).await;
        if !matches!(written, Err(StoreError::Database(_) | StoreError::Unprepared(_))) {
            self.ending = None;
        }
        written
    }

    /// It is not owed.
    pub(crate) fn forgive(mut self) {
        self.ending = None;
    }
}

impl Drop for Debt<'_> {
    fn drop(&mut self) {
        if let Some(ending) = self.ending.take() {
            self.owed.endings.lock().unwrap_or_else(PoisonError::into_inner).push(ending);
        }
    }
}
