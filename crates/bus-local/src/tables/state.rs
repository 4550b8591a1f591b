//! The STATE of accounts.

use bus::{Revision, Versioned};
use mailbox_event::AccountToken;
use rusqlite::{OptionalExtension, params};

use super::{Stored, Tables};

impl Tables {
    pub(crate) fn state(&self, account: AccountToken) -> rusqlite::Result<Option<Versioned>> {
        self.connection
            .prepare_cached("SELECT revision, value FROM states WHERE account = ?1")?
            .query_row([account.0], |row| {
                Ok(Versioned { revision: Revision(row.get(0)?), value: row.get::<_, Vec<u8>>(1)?.into() })
            })
            .optional()
    }

    pub(crate) fn put_state(
        &self,
        account: AccountToken,
        value: &[u8],
        expected: Option<Revision>,
    ) -> rusqlite::Result<Stored> {
        let (rows, stored) = match expected {
            None => {
                let sql =
                    "INSERT INTO states (account, revision, value) VALUES (?1, 1, ?2) ON CONFLICT DO NOTHING";
                (self.execute(sql, params![account.0, value])?, Revision(1))
            }
            Some(Revision(last)) => {
                let sql = "UPDATE states SET revision = revision + 1, value = ?2 WHERE account = ?1 AND revision = ?3";
                (self.execute(sql, params![account.0, value, last])?, Revision(last.saturating_add(1)))
            }
        };
        Ok(if rows == 0 { Stored::Conflict } else { Stored::At(stored) })
    }
}
