//! What cannot be used is told and kept, both within bounds: a sender that speaks nonsense does so all day.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use kit::line_pace::LinePace;
use mailbox_event::UnixMillis;
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::{
    quarantine::Quarantine,
    spool::{Form, Record},
    telemetry::Telemetry,
};

/// Threads that may write to the quarantine or wait for it. What comes while they are busy is counted and not kept:
/// the quarantine holds examples, and has thrown out older ones by then.
const WRITERS: usize = 4;
/// At most one line in this time.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// A notification for the quarantine.
#[derive(Debug)]
pub(crate) struct Exhibit {
    pub form: Form,
    pub octets: Bytes,
}

/// The way to the quarantine and to the log.
#[derive(Debug)]
pub(crate) struct Malformed {
    quarantine: Arc<Quarantine>,
    writers: Arc<Semaphore>,
    pace: Mutex<LinePace>,
    failures_told: Arc<Mutex<LinePace>>,
}

impl Exhibit {
    /// The octets of a record as they came.
    pub fn of(record: &Record) -> Self {
        Self { form: record.form, octets: record.payload.clone() }
    }
}

impl Malformed {
    pub fn new(quarantine: Quarantine) -> Self {
        let writers = Arc::new(Semaphore::new(WRITERS));
        Self {
            quarantine: Arc::new(quarantine),
            writers,
            pace: Mutex::new(LinePace::every(TOLD_EVERY)),
            failures_told: Arc::new(Mutex::new(LinePace::of_failures())),
        }
    }

    /// Tells the log of one, or of all since the last line.
    pub fn tell(&self, form: Form, bytes: usize, why: &dyn std::error::Error) {
        if let Some(notifications) = line(&self.pace) {
            tracing::warn!(?form, bytes, notifications, error = %why, "Malformed notification");
        }
    }

    /// Keeps some, in one go of one thread. Returns before they are written.
    pub fn keep(&self, exhibits: Vec<Exhibit>, at: UnixMillis, telemetry: &Telemetry) {
        let skipped = telemetry.quarantine_skipped.clone();
        let Ok(writer) = Arc::clone(&self.writers).try_acquire_owned() else {
            skipped.inc_by(exhibits.len() as u64);
            return;
        };
        let (quarantine, failures_told) = (Arc::clone(&self.quarantine), Arc::clone(&self.failures_told));
        spawn_blocking(move || {
            let put = |exhibit: &Exhibit| quarantine.put(at, exhibit.form, &exhibit.octets);
            let failures: Vec<_> = exhibits.iter().filter_map(|exhibit| put(exhibit).err()).collect();
            skipped.inc_by(failures.len() as u64);
            if let Some(error) = failures.first()
                && let Some(times) = line(&failures_told)
            {
                tracing::warn!(%error, times, "Quarantine cannot be written");
            }
            drop(writer);
        });
    }
}

fn line(pace: &Mutex<LinePace>) -> Option<u64> {
    pace.lock().unwrap_or_else(PoisonError::into_inner).line(Instant::now())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use prometheus_client::registry::Registry;

    use super::*;

    fn exhibits(number: usize) -> Vec<Exhibit> {
        (0..number).map(|_| Exhibit { form: Form::Dlist, octets: Bytes::from_static(b"x") }).collect()
    }

    #[tokio::test]
    async fn what_comes_while_every_writer_is_busy_is_counted_and_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let malformed = Malformed::new(Quarantine::open(folder.path(), 100, 1000).unwrap());
        let telemetry = Telemetry::register(&mut Registry::default());
        let busy = Arc::clone(&malformed.writers).acquire_many_owned(WRITERS as u32).await.unwrap();
        malformed.keep(exhibits(3), UnixMillis(1), &telemetry);
        assert_eq!(telemetry.quarantine_skipped.get(), 3);
        drop(busy);
        malformed.keep(exhibits(2), UnixMillis(1), &telemetry);
        // Whoever gets all permits has waited for the writers.
        drop(malformed.writers.acquire_many(WRITERS as u32).await.unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        assert_eq!(telemetry.quarantine_skipped.get(), 3);
    }
}
