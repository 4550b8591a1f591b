//! The STATE of accounts.

use bus::{Revision, Versioned};
use mailbox_event::AccountToken;
use rusqlite::{OptionalExtension, params};

use super::Tables;

impl Tables {
    pub(crate) fn state(&self, account: AccountToken) -> rusqlite::Result<Option<Versioned>> {
        let state = self
            .connection
            .prepare_cached("SELECT revision, value FROM states WHERE account = ?1")?
            .query_row([account.0], |row| {
                Ok(Versioned { revision: Revision(row.get(0)?), value: row.get::<_, Vec<u8>>(1)?.into() })
            })
            .optional()?;
        self.seen.borrow_mut().states.push((account, state.clone()));
        Ok(state)
    }

    /// Stores a state, whatever was there: it was decided upon before. One statement.
    pub(crate) fn store_state(&self, account: AccountToken, state: &Versioned) -> rusqlite::Result<()> {
        let sql = "INSERT INTO states (account, revision, value) VALUES (?1, ?2, ?3)
                   ON CONFLICT (account) DO UPDATE SET revision = excluded.revision, value = excluded.value";
        self.execute(sql, params![account.0, state.revision.0, &*state.value])?;
        self.seen.borrow_mut().states.push((account, Some(state.clone())));
        Ok(())
    }
}
