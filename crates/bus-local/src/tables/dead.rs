//! Dead letters.

use bus::{DeadLetter, DeadLetterId, Group, Message};
use mailbox_event::UnixMillis;
use rusqlite::{OptionalExtension, Row, params};

use super::{Tables, add, message, millis, subtract};

const COLUMNS: &str = "id, relay, sequence, subject, payload, reason, attempts, died_at";

impl Tables {
    /// Puts one down; `None`: there is no room.
    pub(crate) fn store_dead_letter(
        &self,
        group: &Group,
        letter: &Message,
        (reason, attempts): (&str, u32),
        now: UnixMillis,
    ) -> rusqlite::Result<Option<DeadLetterId>> {
        if self.dead_letters.get() >= self.bounds.max_dead_letters {
            return Ok(None);
        }
        let payload: &[u8] = &letter.payload;
        let id = self
            .connection
            .prepare_cached(
                "INSERT INTO dead_letters (group_name, relay, sequence, subject, payload, reason, attempts, died_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .insert(params![
                group.0,
                letter.id.relay.0.cast_signed(),
                letter.id.sequence.cast_signed(),
                letter.topic.to_string(),
                payload,
                reason,
                attempts,
                millis(now),
            ])?;
        add(&self.dead_letters, 1);
        Ok(Some(DeadLetterId(id.cast_unsigned())))
    }

    pub(crate) fn groups_with_dead_letters(&self) -> rusqlite::Result<Vec<Group>> {
        self.connection
            .prepare_cached("SELECT DISTINCT group_name FROM dead_letters ORDER BY group_name")?
            .query_map([], |row| row.get(0).map(Group))?
            .collect()
    }

    pub(crate) fn dead_letters(&self, group: &Group, limit: usize) -> rusqlite::Result<Vec<DeadLetter>> {
        self.connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM dead_letters WHERE group_name = ?1 ORDER BY id LIMIT ?2"
            ))?
            .query_map(params![group.0, i64::try_from(limit).unwrap_or(i64::MAX)], letter)?
            // What only a later release can read is passed over here, and stays.
            .filter(|letter| !matches!(letter, Err(rusqlite::Error::FromSqlConversionFailure(..))))
            .collect()
    }

    pub(crate) fn dead_letter(
        &self,
        group: &Group,
        id: DeadLetterId,
    ) -> rusqlite::Result<Option<DeadLetter>> {
        self.connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM dead_letters WHERE group_name = ?1 AND id = ?2"))?
            .query_row(params![group.0, id.0.cast_signed()], letter)
            .optional()
    }

    pub(crate) fn remove_dead_letter(&self, group: &Group, id: DeadLetterId) -> rusqlite::Result<()> {
        let sql = "DELETE FROM dead_letters WHERE group_name = ?1 AND id = ?2";
        let rows = self.execute(sql, params![group.0, id.0.cast_signed()])?;
        subtract(&self.dead_letters, rows);
        Ok(())
    }

    /// Takes all of a group away, and tells how many.
    pub(crate) fn remove_dead_letters(&self, group: &Group) -> rusqlite::Result<u64> {
        let rows = self.execute("DELETE FROM dead_letters WHERE group_name = ?1", [&group.0])?;
        subtract(&self.dead_letters, rows);
        Ok(rows)
    }

    pub(crate) fn has_dead_letters(&self) -> bool {
        self.dead_letters.get() > 0
    }
}

fn letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    Ok(DeadLetter {
        id: DeadLetterId(row.get::<_, i64>(0)?.cast_unsigned()),
        message: message(row, 1)?,
        reason: row.get(5)?,
        attempts: row.get(6)?,
        died_at: UnixMillis(row.get(7)?),
    })
}
