//! Other programs, which are not kept from writing to the database: an operator with a shell does.

use std::cell::Cell;

use rusqlite::Connection;

use super::{Tables, kv};

/// What is known of them.
pub(super) struct Others {
    /// What SQLite counts up when another connection writes, as it was in the last transaction.
    data_version: Cell<i64>,
    wrote: Cell<Wrote>,
}

/// Whether anything was written by others since what is in memory was last read from the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrote {
    Nothing,
    /// Noticed in the transaction before this one: what was decided upon until then comes with this one at the latest.
    Before,
    Now,
}

impl Others {
    /// Nothing was read before.
    pub(super) fn new(connection: &Connection) -> rusqlite::Result<Self> {
        let data_version = Cell::new(data_version(connection)?);
        Ok(Self { data_version, wrote: Cell::new(Wrote::Nothing) })
    }

    /// Whether the states of this transaction may have been decided upon by what was known before others wrote.
    pub(super) fn may_have_been_first(&self) -> bool {
        self.wrote.get() != Wrote::Nothing
    }
}

impl Tables {
    /// Looks whether another program wrote since the last transaction: then what is in memory is no longer what is on
    /// disk, and is read again. Once for each transaction.
    pub(super) fn notice_others(&self) -> rusqlite::Result<()> {
        let others = &self.others;
        let was_now = others.wrote.get() == Wrote::Now;
        others.wrote.set(if was_now { Wrote::Before } else { Wrote::Nothing });
        let version = data_version(&self.connection)?;
        if version != others.data_version.get() {
            tracing::warn!("Another program wrote to the database of the bus");
            others.wrote.set(Wrote::Now);
            self.known.states.begin_again();
            self.known.values.begin_again(kv::places(&self.connection)?);
            self.count()?;
            others.data_version.set(version);
        }
        Ok(())
    }
}

/// Changes when another connection writes, and not when this one does.
fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use bus::{Revision, Versioned};
    use bytes::Bytes;
    use mailbox_event::{AccountToken, UnixMillis};

    use super::*;
    use crate::{LocalBusSettings, open::open_file};

    const ALICE: AccountToken = AccountToken([7; 16]);

    struct File {
        folder: tempfile::TempDir,
        tables: Tables,
    }

    impl File {
        /// With a state of revision 1.
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let opened = open_file(&folder.path().join("bus.db")).unwrap();
            let tables = Tables::new(opened.connection, LocalBusSettings::default(), UnixMillis(0)).unwrap();
            let file = Self { folder, tables };
            file.store(None, 1).unwrap();
            file
        }

        fn store(&self, base: Option<u64>, revision: u64) -> rusqlite::Result<()> {
            let state = Versioned { revision: Revision(revision), value: Bytes::new() };
            self.tables.transaction(true, |tables| tables.store_state(ALICE, base.map(Revision), &state))
        }

        fn others_write(&self, revision: u64) {
            let others = Connection::open(self.folder.path().join("bus.db")).unwrap();
            others.execute("UPDATE states SET revision = ?1", [revision]).unwrap();
        }

        fn revision(&self) -> u64 {
            let state = self.tables.state(ALICE).unwrap();
            state.map_or(0, |state| state.revision.0)
        }
    }

    #[test]
    fn a_state_is_compared_with_the_file_in_the_transaction_that_notices_others() {
        let file = File::new();
        file.others_write(9);
        assert!(file.store(Some(1), 2).is_err());
        assert_eq!(file.revision(), 9);
    }

    #[test]
    fn a_state_is_compared_also_when_the_transaction_before_noticed_others() {
        let file = File::new();
        file.others_write(9);
        // What is put while this one runs may still be decided upon by what was known before.
        file.tables.transaction(false, |_| Ok(())).unwrap();
        assert!(file.store(Some(1), 2).is_err());
        assert_eq!(file.revision(), 9);
        file.store(Some(9), 10).unwrap();
        assert_eq!(file.revision(), 10);
    }
}
