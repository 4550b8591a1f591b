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

    /// Stores a state that was decided upon before, over `base`. Fails where something else is there, which only another
    /// program can have written since. One statement, in a transaction that stores.
    pub(crate) fn store_state(
        &self,
        account: AccountToken,
        base: Option<Revision>,
        state: &Versioned,
    ) -> rusqlite::Result<()> {
        let rows = if self.others.may_have_been_first() {
            self.store_over(account, base.map(|base| base.0), state)?
        } else {
            // Comparing takes half as long again.
            let sql = "INSERT INTO states (account, revision, value) VALUES (?1, ?2, ?3)
                       ON CONFLICT (account) DO UPDATE SET revision = excluded.revision, value = excluded.value";
            self.execute(sql, params![account.0, state.revision.0, &*state.value])?
        };
        if rows == 0 {
            return Err(rusqlite::Error::StatementChangedRows(0));
        }
        self.seen.borrow_mut().states.push((account, Some(state.clone())));
        Ok(())
    }

    fn store_over(
        &self,
        account: AccountToken,
        base: Option<u64>,
        state: &Versioned,
    ) -> rusqlite::Result<u64> {
        let sql = "INSERT INTO states (account, revision, value) SELECT ?1, ?2, ?3
                   WHERE (SELECT revision FROM states WHERE account = ?1) IS ?4
                   ON CONFLICT (account) DO UPDATE SET revision = excluded.revision, value = excluded.value";
        self.execute(sql, params![account.0, state.revision.0, &*state.value, base])
    }
}
