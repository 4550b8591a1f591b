//! Groups and their jobs: queued, taken, settled.

use std::sync::Arc;

use bus::{DeadLetterId, Group, JobKind, Message, Urgency};
use bus_node::{Settlement, earlier, later};
use mailbox_event::UnixMillis;
use rusqlite::{OptionalExtension, params};

use super::{Tables, add, message, millis};
use crate::worker::{Claim, Claims};

/// What became of a dispatched job.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Queued {
    /// These groups have it.
    For(Vec<Group>),
    /// No room; no group has it.
    Full,
}

/// What became of a dead letter that was to be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Redelivered {
    /// It waits in its group.
    Done,
    /// No node ever registered the group.
    UnknownGroup,
    /// There is no such dead letter.
    UnknownDeadLetter,
    /// No room.
    Full,
}

/// A job that a worker is to run. It is nobody else's until the claim is dropped.
pub(crate) struct TakenJob {
    pub(crate) id: i64,
    pub(crate) message: Message,
    /// Attempts that failed so far.
    pub(crate) attempts: u32,
    pub(crate) claim: Claim,
}

/// What a worker was given.
pub(crate) struct Taken {
    /// The highest urgency first, then the oldest.
    pub(crate) jobs: Vec<TakenJob>,
    /// When the next parked job is due.
    pub(crate) next_due: Option<UnixMillis>,
}

impl Tables {
    /// Makes a group durable, with the kinds of job it takes from here on.
    pub(crate) fn register_group(&self, group: &Group, kinds: &[JobKind]) -> rusqlite::Result<()> {
        self.execute("INSERT INTO groups (name) VALUES (?1) ON CONFLICT DO NOTHING", [&group.0])?;
        let id = self.group_id(group)?;
        self.execute("DELETE FROM group_kinds WHERE group_id = ?1", [id])?;
        for kind in kinds {
            let sql = "INSERT INTO group_kinds (kind, group_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            self.execute(sql, params![kind.name(), id])?;
        }
        Ok(())
    }

    /// Gives a job to every group that takes its kind and neither has it nor finished with it lately.
    pub(crate) fn queue(&self, job: &Message, now: UnixMillis) -> rusqlite::Result<Queued> {
        let Some((urgency, kind)) = job.topic.job() else { return Ok(Queued::For(Vec::new())) };
        let subject = job.topic.to_string();
        let mut groups = self.groups_taking(kind)?;
        let mut wanting = Vec::new();
        for (id, group) in groups.drain(..) {
            if !self.knows_job(id, job, &subject, now)? {
                wanting.push((id, group));
            }
        }
        if self.jobs.get() + wanting.len() as u64 > self.bounds.max_jobs {
            return Ok(Queued::Full);
        }
        for (id, _) in &wanting {
            self.insert_job(*id, job, urgency, now)?;
        }
        Ok(Queued::For(wanting.into_iter().map(|(_, group)| group).collect()))
    }

    /// Claims up to `limit` jobs that are due. A parked job whose due time is further away than any wait
    /// (`longest`) is due as well: the wall clock was set back.
    pub(crate) fn take(
        &self,
        group: &Group,
        limit: usize,
        (now, longest): (UnixMillis, std::time::Duration),
        claims: &Arc<Claims>,
    ) -> rusqlite::Result<Taken> {
        let id = self.group_id(group)?;
        let sql = "UPDATE jobs SET is_parked = 0 WHERE group_id = ?1 AND is_parked = 1 AND (due_at <= ?2 OR due_at > ?3)";
        self.execute(sql, params![id, millis(now), millis(later(now, longest))])?;
        let (jobs, unreadable) = self.claim(id, limit, claims)?;
        if !unreadable.is_empty() {
            self.bury_unreadable(group, &unreadable, (now, longest))?;
            // They took the places of others: look again at once.
            return Ok(Taken { jobs, next_due: Some(now) });
        }
        let next_due = self
            .connection
            .prepare_cached("SELECT MIN(due_at) FROM jobs WHERE group_id = ?1 AND is_parked = 1")?
            .query_row([id], |row| row.get::<_, Option<u64>>(0))?;
        Ok(Taken { jobs, next_due: next_due.map(UnixMillis) })
    }

    /// Claims jobs, and names those that cannot be read.
    fn claim(
        &self,
        id: i64,
        limit: usize,
        claims: &Arc<Claims>,
    ) -> rusqlite::Result<(Vec<TakenJob>, Vec<i64>)> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, attempts, relay, sequence, subject, payload FROM jobs
             WHERE group_id = ?1 AND is_parked = 0 ORDER BY urgency, id LIMIT ?2",
        )?;
        // Claimed jobs are in the table still, so that many more rows have to be looked at.
        let rows = limit.saturating_add(claims.len());
        let mut found = statement.query(params![id, rows as u64])?;
        let (mut jobs, mut unreadable) = (Vec::new(), Vec::new());
        while let Some(row) = found.next()? {
            if jobs.len() == limit {
                break;
            }
            let job = row.get(0)?;
            let Some(claim) = claims.claim(job) else { continue };
            match message(row, 2) {
                Ok(message) => jobs.push(TakenJob { id: job, message, attempts: row.get(1)?, claim }),
                Err(_) => unreadable.push(job),
            }
        }
        Ok((jobs, unreadable))
    }

    /// Only a later release can have written them, and this one must not choke on them.
    fn bury_unreadable(
        &self,
        group: &Group,
        jobs: &[i64],
        (now, longest): (UnixMillis, std::time::Duration),
    ) -> rusqlite::Result<()> {
        let burial = Settlement::Bury {
            attempts: 0,
            reason: "subject is not known to this release".to_owned(),
            or_park_until: later(now, longest),
        };
        jobs.iter()
            .try_for_each(|&job| self.settle(job, group, &burial, (now, self.bounds.remember_finished)))
    }

    /// Turns a dead letter into a job that has made no attempt.
    pub(crate) fn redeliver(
        &self,
        group: &Group,
        id: DeadLetterId,
        now: UnixMillis,
    ) -> rusqlite::Result<Redelivered> {
        let Some(group_id) = self.group_id(group).optional()? else { return Ok(Redelivered::UnknownGroup) };
        let Some(dead) = self.dead_letter(group, id)? else { return Ok(Redelivered::UnknownDeadLetter) };
        if dead.message.is_noop() {
            self.remove_dead_letter(group, id)?;
            return Ok(Redelivered::Done);
        }
        if self.jobs.get() >= self.bounds.max_jobs {
            return Ok(Redelivered::Full);
        }
        // A dead letter that was no job, but put down by a caller, has no urgency of its own.
        let urgency = dead.message.topic.job().map_or(Urgency::Normal, |(urgency, _)| urgency);
        self.insert_job(group_id, &dead.message, urgency, now)?;
        self.remove_dead_letter(group, id)?;
        Ok(Redelivered::Done)
    }

    fn group_id(&self, group: &Group) -> rusqlite::Result<i64> {
        self.connection
            .prepare_cached("SELECT id FROM groups WHERE name = ?1")?
            .query_row([&group.0], |row| row.get(0))
    }

    fn groups_taking(&self, kind: JobKind) -> rusqlite::Result<Vec<(i64, Group)>> {
        self.connection
            .prepare_cached(
                "SELECT groups.id, groups.name FROM group_kinds JOIN groups ON groups.id = group_kinds.group_id
                 WHERE group_kinds.kind = ?1",
            )?
            .query_map([kind.name()], |row| Ok((row.get(0)?, Group(row.get(1)?))))?
            .collect()
    }

    fn knows_job(&self, group: i64, job: &Message, subject: &str, now: UnixMillis) -> rusqlite::Result<bool> {
        let remembered_from = millis(earlier(now, self.bounds.remember_finished));
        let relay = job.id.relay.0.cast_signed();
        let sequence = job.id.sequence.cast_signed();
        let waits = self
            .connection
            .prepare_cached(
                "SELECT 1 FROM jobs WHERE group_id = ?1 AND relay = ?2 AND sequence = ?3 AND subject = ?4",
            )?
            .exists(params![group, relay, sequence, subject])?;
        let is_finished = self
            .connection
            .prepare_cached(
                "SELECT 1 FROM finished WHERE group_id = ?1 AND relay = ?2 AND sequence = ?3 AND subject = ?4
                 AND finished_at > ?5",
            )?
            .exists(params![group, relay, sequence, subject, remembered_from])?;
        Ok(waits || is_finished)
    }

    /// A job that waits already gets its attempts back instead.
    fn insert_job(
        &self,
        group: i64,
        job: &Message,
        urgency: Urgency,
        now: UnixMillis,
    ) -> rusqlite::Result<()> {
        let relay = job.id.relay.0.cast_signed();
        let sequence = job.id.sequence.cast_signed();
        let subject = job.topic.to_string();
        let payload: &[u8] = &job.payload;
        let rows = self.execute(
            "UPDATE jobs SET attempts = 0, is_parked = 0
             WHERE group_id = ?1 AND relay = ?2 AND sequence = ?3 AND subject = ?4",
            params![group, relay, sequence, subject],
        )?;
        if rows == 0 {
            self.execute(
                "INSERT INTO jobs (group_id, relay, sequence, subject, urgency, payload, attempts, created_at,
                                   is_parked, due_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, 0, ?7)",
                params![group, relay, sequence, subject, urgency as u8, payload, millis(now)],
            )?;
            add(&self.jobs, 1);
        }
        Ok(())
    }
}
