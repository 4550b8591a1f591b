//! What is kept, and every statement that reads or writes it. Runs on the writer's thread alone.

mod dead;
mod depth;
mod jobs;
mod kv;
mod others;
mod seen;
mod settle;
mod state;

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
};

use bus::Message;
use mailbox_event::{EventId, RelayId, UnixMillis};
use rusqlite::{Connection, Row, Transaction, TransactionBehavior, types::Type};

pub use depth::GroupDepth;
pub(crate) use jobs::{Queued, Redelivered, TakenJob};
pub(crate) use kv::Expected;
use others::Others;
use seen::Seen;

use crate::{
    LocalBusSettings,
    known::{Known, KnownStates, KnownValues},
};

/// What a compare-and-set came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    /// Stored under this revision.
    At(bus::Revision),
    /// Somebody else was first.
    Conflict,
    /// No room for another key.
    Full,
}

/// The database and how many rows its bounded tables have, so that a bound costs no count.
pub(crate) struct Tables {
    connection: Connection,
    bounds: LocalBusSettings,
    jobs: Cell<u64>,
    finished: Cell<u64>,
    dead_letters: Cell<u64>,
    values: Cell<u64>,
    known: Arc<Known>,
    /// What the running transaction wrote or read; others may see it when it is committed.
    seen: RefCell<Seen>,
    others: Others,
}

impl Tables {
    /// Reads how much there is, and forgets the values whose time was over while nobody looked.
    pub(crate) fn new(
        connection: Connection,
        bounds: LocalBusSettings,
        now: UnixMillis,
    ) -> rusqlite::Result<Self> {
        let zero = || Cell::new(0);
        let states = KnownStates::new(bounds.state_cache);
        let values = KnownValues::new(bounds.value_cache, kv::places(&connection)?);
        let known = Arc::new(Known { states, values });
        let (jobs, finished, dead_letters, values) = (zero(), zero(), zero(), zero());
        let others = Others::new(&connection)?;
        let seen = RefCell::default();
        let tables = Self { connection, bounds, jobs, finished, dead_letters, values, known, seen, others };
        tables.count()?;
        tables.forget_values(now)?;
        tables.show_states(true);
        Ok(tables)
    }

    /// Runs `work` in one transaction. When anything fails, nothing of it was done. `stores`: whether it stores states.
    pub(crate) fn transaction(
        &self,
        stores: bool,
        work: impl FnOnce(&Self) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let transaction = if stores { self.begin_alone()? } else { self.begin()? };
        let before = self.counts();
        let done = work(self).and_then(|()| transaction.commit());
        if done.is_err() {
            self.set_counts(before);
        }
        done
    }

    fn begin(&self) -> rusqlite::Result<Transaction<'_>> {
        // Before it: a transaction that begins with a read does not wait for whoever writes, but fails.
        self.notice_others()?;
        self.connection.unchecked_transaction()
    }

    /// Nobody else writes from here to the end, so that what is noticed of others holds for all of it.
    fn begin_alone(&self) -> rusqlite::Result<Transaction<'_>> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        self.notice_others()?;
        Ok(transaction)
    }

    /// Runs `work`, a part of a transaction that is one statement. The outer error: the transaction is lost.
    pub(crate) fn statement<T>(
        &self,
        work: impl FnOnce(&Self) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<rusqlite::Result<T>> {
        match work(self) {
            Err(error) if self.connection.is_autocommit() => Err(error),
            done => Ok(done),
        }
    }

    /// Runs `work`, a part of a transaction. When it fails, nothing of it was done, and the others go on. The outer
    /// error: the transaction is lost.
    pub(crate) fn part<T>(
        &self,
        work: impl FnOnce(&Self) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<rusqlite::Result<T>> {
        let (before, seen) = (self.counts(), self.seen.borrow().len());
        self.execute("SAVEPOINT part", [])?;
        let done = work(self);
        if let Err(error) = done {
            // A full disk and the like undo the whole transaction, savepoints and all.
            if self.connection.is_autocommit() {
                return Err(error);
            }
            self.set_counts(before);
            self.seen.borrow_mut().truncate(seen);
            self.execute("ROLLBACK TO part", [])?;
            self.execute("RELEASE part", [])?;
            return Ok(Err(error));
        }
        self.execute("RELEASE part", [])?;
        Ok(done)
    }

    fn counts(&self) -> [u64; 4] {
        [self.jobs.get(), self.finished.get(), self.dead_letters.get(), self.values.get()]
    }

    fn set_counts(&self, [jobs, finished, dead_letters, values]: [u64; 4]) {
        self.jobs.set(jobs);
        self.finished.set(finished);
        self.dead_letters.set(dead_letters);
        self.values.set(values);
    }

    fn count(&self) -> rusqlite::Result<()> {
        let rows = |table: &str| {
            self.connection
                .query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| row.get::<_, u64>(0))
        };
        self.jobs.set(rows("jobs")?);
        self.finished.set(rows("finished")?);
        self.dead_letters.set(rows("dead_letters")?);
        self.values.set(rows("kv")?);
        Ok(())
    }

    fn execute(&self, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<u64> {
        self.connection.prepare_cached(sql)?.execute(values).map(|rows| rows as u64)
    }
}

fn add(counter: &Cell<u64>, rows: u64) {
    counter.set(counter.get().saturating_add(rows));
}

fn subtract(counter: &Cell<u64>, rows: u64) {
    counter.set(counter.get().saturating_sub(rows));
}

/// Reads the columns `relay, sequence, subject, payload` from column `first` on.
fn message(row: &Row<'_>, first: usize) -> rusqlite::Result<Message> {
    let id = EventId {
        relay: RelayId(row.get::<_, i64>(first)?.cast_unsigned()),
        sequence: row.get::<_, i64>(first + 1)?.cast_unsigned(),
    };
    let topic = row.get_ref(first + 2)?.as_str()?.parse().map_err(|error: bus::InvalidSubject| {
        rusqlite::Error::FromSqlConversionFailure(first + 2, Type::Text, error.into())
    })?;
    Ok(Message { id, topic, payload: row.get::<_, Vec<u8>>(first + 3)?.into() })
}

/// SQLite's integers are signed; times are far from the edge, and a wait without end is the last time there is.
fn millis(time: UnixMillis) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}
