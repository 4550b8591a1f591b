//! How runs of jobs end: finished, parked, dead.

use std::num::NonZeroU64;

use bus::Group;
use bus_node::{Settlement, earlier};
use mailbox_event::UnixMillis;
use rusqlite::params;

use super::{Tables, add, millis, subtract};

impl Tables {
    /// Ends a run of a job.
    pub(crate) fn settle(
        &self,
        job: i64,
        group: &Group,
        how: &Settlement,
        (now, remember): (UnixMillis, std::time::Duration),
    ) -> rusqlite::Result<()> {
        match *how {
            Settlement::Finish => self.finish(job, now)?,
            Settlement::Park { attempts, due_at } => self.park(job, attempts, due_at)?,
            Settlement::Bury { attempts, or_park_until, .. }
                if self.dead_letters.get() >= self.bounds.max_dead_letters =>
            {
                tracing::error!(%group, "Dead letters are full, jobs without hope are kept waiting");
                self.park(job, attempts.saturating_sub(1), or_park_until)?;
            }
            Settlement::Bury { attempts, ref reason, .. } => self.bury(job, group, attempts, reason, now)?,
        }
        self.forget_finished(earlier(now, remember))
    }

    fn park(&self, job: i64, attempts: u32, due_at: UnixMillis) -> rusqlite::Result<()> {
        let sql = "UPDATE jobs SET is_parked = 1, attempts = ?2, due_at = ?3 WHERE id = ?1";
        self.execute(sql, params![job, attempts, millis(due_at)]).map(drop)
    }

    fn finish(&self, job: i64, now: UnixMillis) -> rusqlite::Result<()> {
        // A job that is finished a second time (redelivered) replaces its first entry.
        let replaced = self.execute(
            "DELETE FROM finished WHERE (group_id, relay, sequence, subject) =
             (SELECT group_id, relay, sequence, subject FROM jobs WHERE id = ?1)",
            [job],
        )?;
        subtract(&self.finished, replaced);
        let rows = self.execute(
            "INSERT INTO finished (group_id, relay, sequence, subject, finished_at)
             SELECT group_id, relay, sequence, subject, ?2 FROM jobs WHERE id = ?1",
            params![job, millis(now)],
        )?;
        add(&self.finished, rows);
        subtract(&self.jobs, self.execute("DELETE FROM jobs WHERE id = ?1", [job])?);
        Ok(())
    }

    pub(super) fn bury(
        &self,
        job: i64,
        group: &Group,
        attempts: u32,
        reason: &str,
        now: UnixMillis,
    ) -> rusqlite::Result<()> {
        let rows = self.execute(
            "INSERT INTO dead_letters (group_name, relay, sequence, subject, payload, reason, attempts, died_at)
             SELECT ?2, relay, sequence, subject, payload, ?3, ?4, ?5 FROM jobs WHERE id = ?1",
            params![job, group.0, reason, attempts, millis(now)],
        )?;
        add(&self.dead_letters, rows);
        self.finish(job, now)
    }

    /// Forgets finished jobs from before `horizon`, and the oldest of those that are too many. At every settlement,
    /// for it costs one look at an index.
    fn forget_finished(&self, horizon: UnixMillis) -> rusqlite::Result<()> {
        let rows = self.execute("DELETE FROM finished WHERE finished_at <= ?1", [millis(horizon)])?;
        subtract(&self.finished, rows);
        if let Some(surplus) = NonZeroU64::new(self.finished.get().saturating_sub(self.bounds.max_finished)) {
            let sql = "DELETE FROM finished WHERE id IN (SELECT id FROM finished ORDER BY finished_at, id LIMIT ?1)";
            subtract(&self.finished, self.execute(sql, [surplus.get()])?);
        }
        Ok(())
    }
}
