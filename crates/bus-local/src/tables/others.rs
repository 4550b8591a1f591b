//! Other programs, which are not kept from writing to the database: an operator with a shell does.

use rusqlite::Connection;

use super::{Tables, kv};

impl Tables {
    /// Looks before a transaction whether another program wrote since the last one: then what is in memory is no longer
    /// what is on disk, and is read again. Not within the transaction: one that begins with a read does not wait for
    /// whoever writes, but fails.
    pub(super) fn notice_others(&self) -> rusqlite::Result<()> {
        let version = data_version(&self.connection)?;
        if version != self.data_version.get() {
            tracing::warn!("Another program wrote to the database of the bus");
            self.known.states.begin_again();
            self.known.values.begin_again(kv::places(&self.connection)?);
            self.count()?;
            self.data_version.set(version);
        }
        Ok(())
    }
}

/// Changes when another connection writes, and not when this one does.
pub(super) fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
}
