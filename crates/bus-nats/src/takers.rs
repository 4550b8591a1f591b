//! Whether there is anybody to take the jobs that are dispatched here.
//!
//! JOBS keeps a job for the consumers that it has when the job comes. Without any it takes the job, says so, and drops it:
//! right where no group was ever registered, and a loss where NATS was replaced by an empty one whose groups have not made
//! their consumers again. A node that knew JOBS with consumers therefore refuses jobs of a JOBS that was made since, until
//! it has as many again. A node that was started after the replacement knows of none, and dispatches.
//!
//! JOBS may be made again between two looks. Who is told that there is no JOBS dispatches nothing until the next look, and
//! neither does who is given a place that JOBS had left behind. Such a job was dropped, and its id is remembered all the
//! same: ids are of one making of the stream, so that the job is no double of itself when it comes again.

use std::{
    sync::{
        Arc, Mutex as Short, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Mutex, Notify},
    time::{Instant, timeout},
};

use crate::{call::Stored, error::CallError, groups::Broker, node::Node};

/// For as long are consumers awaited: an operator may have taken his groups away together with the old NATS.
const LONGEST: Duration = Duration::from_secs(60);

/// Between two looks while consumers are awaited.
const AWAITED: Duration = Duration::from_millis(100);

/// The same while none was ever seen: a group may be registered at any time.
const UNSEEN: Duration = Duration::from_secs(1);

/// The same otherwise: how old what is known may be when it is needed.
const SEEN: Duration = Duration::from_secs(15);

/// JOBS, as it was at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sight {
    /// When it was made, as the server writes it.
    pub(crate) created: String,
    pub(crate) consumers: u64,
    /// The last place that was taken.
    pub(crate) last: u64,
}

#[derive(Debug, Default)]
struct Known {
    last: Option<Sight>,
    awaited: Option<Awaited>,
}

#[derive(Debug, Clone, Copy)]
struct Awaited {
    consumers: u64,
    until: Instant,
}

impl Known {
    fn note(&mut self, sight: Sight, now: Instant) {
        let before = self.last.replace(sight.clone()).filter(|before| before.created != sight.created);
        if let Some(before) = before {
            // Replaced again while they are awaited, as many are awaited as there were at first.
            let consumers = self.awaited.map_or(before.consumers, |awaited| awaited.consumers);
            self.awaited = Some(Awaited { consumers, until: now + LONGEST });
        }
        let Some(Awaited { consumers, until }) = self.awaited else { return };
        if sight.consumers >= consumers {
            self.awaited = None;
        } else if now >= until {
            tracing::warn!(
                "Stream of jobs was made again and its groups stay away, jobs go to those there are"
            );
            self.awaited = None;
        }
    }

    fn pause(&self) -> Duration {
        match &self.last {
            _ if self.awaited.is_some() => AWAITED,
            Some(sight) if sight.consumers > 0 => SEEN,
            _ => UNSEEN,
        }
    }
}

/// Whether a job was given a place that JOBS had taken before the job was sent.
fn is_behind(pass: &Pass, stored: &Result<Stored, CallError>) -> bool {
    stored.as_ref().is_ok_and(|stored| !stored.is_duplicate && stored.sequence <= pass.seen.last)
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Takers {
    known: Mutex<Known>,
    /// The connection, by its number, on which jobs may be dispatched. There is no connection 0.
    open: AtomicU64,
    seen: Short<Seen>,
    /// Rung when JOBS may be another.
    doubted: Notify,
}

/// Which making of JOBS it is, and how far it has come.
#[derive(Debug, Clone, Default)]
struct Seen {
    created: Arc<str>,
    last: u64,
}

/// The right to dispatch one job.
#[derive(Debug)]
pub(crate) struct Pass {
    connection: u64,
    seen: Seen,
}

impl Pass {
    /// The id of a job in this making of JOBS.
    pub(crate) fn id(&self, id: &str) -> String {
        format!("{id}.{}", self.seen.created)
    }
}

impl Takers {
    /// Lets a job be dispatched. What comes after a reconnect, before JOBS was looked at, may not be: the server may be
    /// another one.
    pub(crate) fn check(&self, node: &Node) -> Result<Pass, CallError> {
        let pass = Pass { connection: node.connection(), seen: self.seen().clone() };
        if self.open.load(Ordering::SeqCst) == pass.connection { Ok(pass) } else { Err(CallError::NoTakers) }
    }

    /// Fails when a job that was dispatched with `pass` may have been taken by another JOBS.
    pub(crate) fn check_again(
        &self,
        node: &Node,
        pass: &Pass,
        stored: Result<Stored, CallError>,
    ) -> Result<(), CallError> {
        if matches!(stored, Err(CallError::NoStream)) || is_behind(pass, &stored) {
            self.doubt();
            return stored.and(Err(CallError::NoTakers));
        }
        let stored = stored?;
        let is_same = self.check(node)?.connection == pass.connection;
        let mut seen = self.seen();
        if !is_same || seen.created != pass.seen.created {
            return Err(CallError::NoTakers);
        }
        seen.last = seen.last.max(stored.sequence);
        Ok(())
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // Every change is one assignment.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// JOBS may be another: nothing is dispatched before the next look, which is soon.
    fn doubt(&self) {
        self.open.store(0, Ordering::SeqCst);
        self.doubted.notify_one();
    }

    /// Looks at JOBS, and judges what it sees.
    pub(crate) async fn look(&self, node: &Arc<Node>) -> Result<(), CallError> {
        // Held meanwhile: what was seen later is judged later.
        let mut known = self.known.lock().await;
        let connection = node.connection();
        let sight = Broker::new(node).sight_of_jobs().await.inspect_err(|error| {
            if matches!(error, CallError::Deleted(_)) {
                self.open.store(0, Ordering::SeqCst);
            }
        })?;
        *self.seen() = Seen { created: sight.created.as_str().into(), last: sight.last };
        known.note(sight, Instant::now());
        let open = if known.awaited.is_some() { 0 } else { connection };
        self.open.store(open, Ordering::SeqCst);
        Ok(())
    }

    /// Looks from time to time, until the bus closes. The keeper looks on each connection.
    pub(crate) async fn watch(&self, node: &Arc<Node>) {
        loop {
            let pause = self.known.lock().await.pause();
            let is_open = self.open.load(Ordering::SeqCst) != 0;
            let pause = if is_open { pause } else { pause.min(UNSEEN) };
            // Over, or rung: either way it is time.
            timeout(pause, self.doubted.notified()).await.ok();
            if node.check_ready().is_ok()
                && let Err(error) = self.look(node).await
            {
                tracing::debug!(%error, "Stream of jobs cannot be looked at");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight(created: &str, consumers: u64) -> Sight {
        Sight { created: created.to_owned(), consumers, last: 0 }
    }

    fn is_open(known: &mut Known, created: &str, consumers: u64, now: Instant) -> bool {
        known.note(sight(created, consumers), now);
        known.awaited.is_none()
    }

    #[test]
    fn a_stream_without_groups_takes_jobs_unless_it_took_the_place_of_one_with() {
        let (mut known, now) = (Known::default(), Instant::now());
        assert!(is_open(&mut known, "monday", 0, now), "a first installation");
        assert!(is_open(&mut known, "tuesday", 0, now), "nobody is missed");
        assert!(is_open(&mut known, "tuesday", 6, now));
        assert!(is_open(&mut known, "tuesday", 0, now), "the operator took them away");
        assert!(is_open(&mut known, "tuesday", 6, now));
        assert!(!is_open(&mut known, "friday", 0, now));
        assert!(!is_open(&mut known, "friday", 5, now), "one is missing still");
        assert!(is_open(&mut known, "friday", 6, now));
    }

    #[test]
    fn groups_that_stay_away_are_awaited_for_a_bounded_time() {
        let (mut known, now) = (Known::default(), Instant::now());
        assert!(is_open(&mut known, "monday", 6, now));
        assert!(!is_open(&mut known, "tuesday", 0, now));
        assert!(!is_open(&mut known, "tuesday", 2, now + LONGEST / 2));
        assert!(is_open(&mut known, "tuesday", 2, now + LONGEST));
        assert!(is_open(&mut known, "tuesday", 0, now + LONGEST), "they are not missed again");
    }

    #[test]
    fn a_stream_that_is_replaced_while_groups_are_awaited_awaits_them_all() {
        let (mut known, now) = (Known::default(), Instant::now());
        assert!(is_open(&mut known, "monday", 6, now));
        assert!(!is_open(&mut known, "tuesday", 1, now));
        assert!(!is_open(&mut known, "friday", 1, now + LONGEST));
        assert!(is_open(&mut known, "friday", 6, now + LONGEST));
    }
}
