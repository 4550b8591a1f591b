//! The STATE of accounts.

use bus::{Revision, Versioned};
use bytes::Bytes;
use mailbox_event::AccountToken;
use rusqlite::{OptionalExtension, params};

use super::{Stored, Tables};

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

    /// One statement.
    pub(crate) fn put_state(
        &self,
        account: AccountToken,
        value: Bytes,
        expected: Option<Revision>,
    ) -> rusqlite::Result<Stored> {
        let octets: &[u8] = &value;
        let (rows, revision) = match expected {
            None => {
                let sql =
                    "INSERT INTO states (account, revision, value) VALUES (?1, 1, ?2) ON CONFLICT DO NOTHING";
                (self.execute(sql, params![account.0, octets])?, Revision(1))
            }
            Some(Revision(last)) => {
                let sql = "UPDATE states SET revision = revision + 1, value = ?2 WHERE account = ?1 AND revision = ?3";
                (self.execute(sql, params![account.0, octets, last])?, Revision(last.saturating_add(1)))
            }
        };
        if rows == 0 {
            return Ok(Stored::Conflict);
        }
        self.seen.borrow_mut().states.push((account, Some(Versioned { revision, value })));
        Ok(Stored::At(revision))
    }
}
