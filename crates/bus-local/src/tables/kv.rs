//! KV buckets, whose values are over at a time.

use bus::{Bucket, Revision, Versioned};
use bytes::Bytes;
use mailbox_event::UnixMillis;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Stored, Tables, millis, subtract};
use crate::known::{Change, KeptValue, Place};

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
    pub(crate) fn get(&self, place: Place, now: UnixMillis) -> rusqlite::Result<Option<Versioned>> {
        let row = self.row(place.0, &place.1)?;
        if let Some(kept) = &row {
            self.seen.borrow_mut().values.push(Change::Is(place, kept.clone()));
        }
        Ok(row.and_then(|kept| kept.at(now)))
    }

    fn row(&self, bucket: Bucket, key: &str) -> rusqlite::Result<Option<KeptValue>> {
        self.connection
            .prepare_cached("SELECT revision, value, expires_at FROM kv WHERE bucket = ?1 AND key = ?2")?
            .query_row(params![bucket.name(), key], |row| {
                let value =
                    Versioned { revision: Revision(row.get(0)?), value: row.get::<_, Vec<u8>>(1)?.into() };
                Ok(KeptValue { value, expires_at: UnixMillis(row.get(2)?) })
            })
            .optional()
    }

    fn revision(&self, bucket: Bucket, key: &str, now: UnixMillis) -> rusqlite::Result<Option<Revision>> {
        let sql = "SELECT revision FROM kv WHERE bucket = ?1 AND key = ?2 AND expires_at > ?3";
        self.connection
            .prepare_cached(sql)?
            .query_row(params![bucket.name(), key, millis(now)], |row| row.get(0).map(Revision))
            .optional()
    }

    pub(crate) fn put(
        &self,
        (bucket, key): (Bucket, &str),
        value: Bytes,
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
        self.execute(sql, params![bucket.name(), key, revision.0, &*value, millis(expires_at)])?;
        let kept = KeptValue { value: Versioned { revision, value }, expires_at };
        let place = (bucket, key.to_owned());
        let change = if is_known {
            Change::Is(place, kept)
        } else {
            super::add(&self.values, 1);
            Change::Added(place, kept)
        };
        self.seen.borrow_mut().values.push(change);
        Ok(Stored::At(revision))
    }

    /// Whether the key may go: `false` is a conflict.
    pub(crate) fn delete(
        &self,
        (bucket, key): (Bucket, &str),
        expected: Option<Revision>,
        now: UnixMillis,
    ) -> rusqlite::Result<bool> {
        let is_conflict = match (expected, self.revision(bucket, key, now)?) {
            (Some(expected), Some(found)) => expected != found,
            _ => false,
        };
        if !is_conflict {
            let rows =
                self.execute("DELETE FROM kv WHERE bucket = ?1 AND key = ?2", params![bucket.name(), key])?;
            if rows > 0 {
                subtract(&self.values, rows);
                self.seen.borrow_mut().values.push(Change::Gone((bucket, key.to_owned())));
            }
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
            Expected::Absent => self.revision(bucket, key, now)?.is_none(),
            Expected::At(revision) => self.revision(bucket, key, now)? == Some(revision),
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
        let mut statement =
            self.connection.prepare_cached("DELETE FROM kv WHERE expires_at <= ?1 RETURNING bucket, key")?;
        let mut rows = statement.query([millis(now)])?;
        while let Some(row) = rows.next()? {
            subtract(&self.values, 1);
            self.seen.borrow_mut().values.extend(place(row)?.map(Change::Gone));
        }
        Ok(())
    }

    fn next_revision(&self) -> rusqlite::Result<Revision> {
        self.connection
            .prepare_cached("UPDATE kv_revision SET last = last + 1 RETURNING last")?
            .query_row([], |row| row.get(0).map(Revision))
    }
}

/// Where every value is, those whose time is over as well.
pub(super) fn places(connection: &Connection) -> rusqlite::Result<Vec<Place>> {
    let mut statement = connection.prepare("SELECT bucket, key FROM kv")?;
    statement.query_map([], place)?.filter_map(Result::transpose).collect()
}

/// Reads the columns `bucket, key`. `None`: the bucket of a later release, which nobody asks for.
fn place(row: &Row<'_>) -> rusqlite::Result<Option<Place>> {
    let Some(bucket) = Bucket::named(row.get_ref(0)?.as_str()?) else { return Ok(None) };
    Ok(Some((bucket, row.get(1)?)))
}
