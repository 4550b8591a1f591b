//! Reading the spool ahead of what is published.

use std::{io, sync::Arc};

use kit::line_pace::LinePace;
use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::LONGEST_WAIT;
use crate::{
    intake::Intake,
    spool::{Record, Window},
};

/// Reads on where it stopped.
pub(super) struct Reader {
    intake: Intake,
    from: u64,
    /// A read of the disk. It goes on while who waits for it does something else.
    from_disk: Option<JoinHandle<io::Result<Vec<Record>>>>,
    /// The disk could not be read, and is not asked again before.
    rests_until: Option<Instant>,
    failures_told: LinePace,
    /// The first sequence that is left to the next start, once the end was given.
    goal: Option<u64>,
}

impl Reader {
    pub fn new(intake: Intake) -> Self {
        let from = intake.spool.position();
        let failures_told = LinePace::of_failures();
        Self { intake, from, from_disk: None, rests_until: None, failures_told, goal: None }
    }

    /// The next records, at least one; none at the end, when `finish` was given and what the spool held then is
    /// read. May be dropped at any moment.
    pub async fn next(&mut self, window: Window, finish: &CancellationToken) -> Vec<Record> {
        loop {
            // Asked before reading: what was appended before it was given is seen by the read.
            let finishing = finish.is_cancelled();
            let is_read =
                finishing && self.from >= *self.goal.get_or_insert_with(|| self.intake.spool.next());
            match if is_read { Ok(Vec::new()) } else { self.read(window).await } {
                Ok(records) if finishing || !records.is_empty() => return self.pass(records),
                Ok(_) => {}
                Err(error) => {
                    self.unreadable(&error);
                    // What is left is read by the next start.
                    if finishing {
                        return self.pass(Vec::new());
                    }
                    continue;
                }
            }
            tokio::select! {
                () = self.intake.spool.arrived() => {}
                () = finish.cancelled() => {}
            }
        }
    }

    fn pass(&mut self, records: Vec<Record>) -> Vec<Record> {
        if let Some(last) = records.last() {
            self.from = last.sequence + 1;
        }
        records
    }

    /// Memory first: only a backlog is worth a hop to a thread that may block.
    async fn read(&mut self, window: Window) -> io::Result<Vec<Record>> {
        if let Some(moment) = self.rests_until {
            sleep_until(moment).await;
            self.rests_until = None;
        }
        let (spool, from) = (&self.intake.spool, self.from);
        if self.from_disk.is_none()
            && let Some(records) = spool.read_tail(from, window)
        {
            return Ok(records);
        }
        let reading = self.from_disk.get_or_insert_with(|| {
            let spool = Arc::clone(spool);
            spawn_blocking(move || spool.read(from, window))
        });
        let read = reading.await;
        self.from_disk = None;
        read.map_err(io::Error::other)?
    }

    fn unreadable(&mut self, error: &io::Error) {
        if let Some(failures) = self.failures_told.line(Instant::now().into_std()) {
            tracing::error!(%error, failures, "Spool cannot be read");
        }
        self.intake.telemetry.spool_errors.inc();
        self.rests_until = Some(Instant::now() + LONGEST_WAIT);
    }
}
