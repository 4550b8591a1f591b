//! KV buckets, whose values are over at a time.

use bus::{Bucket, Revision, Versioned};
use mailbox_event::UnixMillis;
use rusqlite::{OptionalExtension, params};

use super::{Stored, Tables, millis, subtract};

/// What must be there for a write to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Whatever is there.
    Anything,
    /// Nothing, or a value whose time is over.
    Absent,
    /// The value of this revision, and its time is not over.
    At(Revision),
}

impl Tables {
    pub(crate) fn get(
        &self,
        bucket: Bucket,
        key: &str,
        now: UnixMillis,
    ) -> rusqlite::Result<Option<Versioned>> {
        let sql = "SELECT revision, value FROM kv WHERE bucket = ?1 AND key = ?2 AND expires_at > ?3";
        self.connection
            .prepare_cached(sql)?
            .query_row(params![bucket.name(), key, millis(now)], |row| {
                Ok(Versioned { revision: Revision(row.get(0)?), value: row.get::<_, Vec<u8>>(1)?.into() })
            })
            .optional()
    }

    pub(crate) fn put(
        &self,
        (bucket, key): (Bucket, &str),
        value: &[u8],
        expected: Expected,
        (now, expires_at): (UnixMillis, UnixMillis),
    ) -> rusqlite::Result<Stored> {
        if !self.holds(bucket, key, expected, now)? {
            return Ok(Stored::Conflict);
        }
        self.forget_values(now)?;
        let is_known = self.has_row(bucket, key)?;
        if !is_known && self.values.get() >= self.bounds.max_values {
            return Ok(Stored::Full);
        }
        let revision = self.next_revision()?;
        let sql = "INSERT INTO kv (bucket, key, revision, value, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (bucket, key) DO UPDATE
                   SET revision = excluded.revision, value = excluded.value, expires_at = excluded.expires_at";
        self.execute(sql, params![bucket.name(), key, revision.0, value, millis(expires_at)])?;
        if !is_known {
            super::add(&self.values, 1);
        }
        Ok(Stored::At(revision))
    }

    /// Whether the key may go: `false` is a conflict.
    pub(crate) fn delete(
        &self,
        (bucket, key): (Bucket, &str),
        expected: Option<Revision>,
        now: UnixMillis,
    ) -> rusqlite::Result<bool> {
        let is_conflict = match (expected, self.get(bucket, key, now)?) {
            (Some(expected), Some(found)) => expected != found.revision,
            _ => false,
        };
        if !is_conflict {
            let rows =
                self.execute("DELETE FROM kv WHERE bucket = ?1 AND key = ?2", params![bucket.name(), key])?;
            subtract(&self.values, rows);
        }
        Ok(!is_conflict)
    }

    fn holds(
        &self,
        bucket: Bucket,
        key: &str,
        expected: Expected,
        now: UnixMillis,
    ) -> rusqlite::Result<bool> {
        Ok(match expected {
            Expected::Anything => true,
            Expected::Absent => self.get(bucket, key, now)?.is_none(),
            Expected::At(revision) => {
                self.get(bucket, key, now)?.is_some_and(|found| found.revision == revision)
            }
        })
    }

    fn has_row(&self, bucket: Bucket, key: &str) -> rusqlite::Result<bool> {
        self.connection
            .prepare_cached("SELECT 1 FROM kv WHERE bucket = ?1 AND key = ?2")?
            .exists(params![bucket.name(), key])
    }

    /// Takes away the values whose time is over. At every write, for it costs one look at an index: what says who
    /// logged in when is not to lie about.
    pub(super) fn forget_values(&self, now: UnixMillis) -> rusqlite::Result<()> {
        let rows = self.execute("DELETE FROM kv WHERE expires_at <= ?1", [millis(now)])?;
        subtract(&self.values, rows);
        Ok(())
    }

    fn next_revision(&self) -> rusqlite::Result<Revision> {
        self.connection
            .prepare_cached("UPDATE kv_revision SET last = last + 1 RETURNING last")?
            .query_row([], |row| row.get(0).map(Revision))
    }
}
