//! Publishing: from the spool to the bus, until the bus has it.
//!
//! A pipeline: records are read and understood [ahead](Ahead), their work is put on the [board](Board), and what the
//! board gives out is done side by side, for each account in order. The position moves over records whose work is all done. What the bus does
//! not take for the moment is tried again under the same ids; a start after an unclean end begins at the position and
//! repeats what was done beyond it (go-back-N), which changes nothing.

mod ahead;
mod board;
mod decoder;
mod outage;
mod outlet;
mod reader;
mod states;
mod unpublished;

use std::{error::Error, sync::Arc, time::Duration};

use bus::{Bus, BusError};
use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use mailbox_event::codec;
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    intake::{Exhibit, Intake},
    spool::Window,
    telemetry::DropReason,
};

pub(crate) use ahead::Ahead;
use ahead::Understood;
use board::{Board, Failing, Jobs, Piece};
pub(crate) use decoder::Decoder;
use outage::Outage;
use outlet::Outlet;
use states::{Encode, States};
use unpublished::Unpublished;

/// Records and octets on the board that are not done at once, and one batch more. A round trip to a bus times its rate
/// has to fit in; go-back-N repeats no more than this after an unclean end.
const OUTSTANDING: Window = Window { records: 4096, octets: 16 << 20 };
/// Accounts that the bus is asked for at once: enough for a round trip over a network, or for a stall of the disk below a
/// local bus.
const ACCOUNTS_AT_ONCE: usize = 1024;
/// Records after which the position is noted while more is under way: a write to a file, which is not worth one record.
const NOTED_AFTER: u64 = 64;
/// Fewer are noted after so long.
const NOTED_WITHIN: Duration = Duration::from_millis(100);
/// The first wait is short, for a bus that was restarted; the longest keeps an outage from becoming a load.
const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Publishes what is in the spool.
pub(crate) struct Publisher {
    intake: Intake,
    decoder: Decoder,
    outlet: Arc<Outlet>,
    board: Board,
    outage: Outage,
    /// The same of jobs alone, whose stream may be full while states still go.
    job_outage: Outage,
    jobs_under_way: usize,
    /// By when the position is noted, while it is behind.
    note_by: Option<Instant>,
}

impl Publisher {
    pub fn new(intake: Intake, bus: Arc<dyn Bus>, decoder: Decoder) -> Self {
        Self::encoding(intake, bus, decoder, codec::encode)
    }

    fn encoding(intake: Intake, bus: Arc<dyn Bus>, decoder: Decoder, encode: Encode) -> Self {
        let (relay, telemetry) = (intake.spool.id(), intake.telemetry.clone());
        let states = States::new(Arc::clone(&bus), decoder.form(), encode, telemetry.clone());
        let outlet = Arc::new(Outlet { bus, states, relay, telemetry });
        let board = Board::new(OUTSTANDING);
        let [outage, job_outage] = ["all", "jobs"].map(|held| Outage::new(held, FIRST_WAIT, LONGEST_WAIT));
        Self { intake, decoder, outlet, board, outage, job_outage, jobs_under_way: 0, note_by: None }
    }

    /// Begins to read what [`Self::run`] publishes. It ends with what the spool holds when `finish` is given.
    pub fn read_ahead(&self, finish: &CancellationToken) -> Ahead {
        Ahead::start(self.intake.clone(), self.decoder.clone(), finish.clone())
    }

    /// Publishes all that comes. May be dropped at any moment: what is not noted as published is published again by the
    /// next start.
    pub async fn run(&mut self, ahead: &mut Ahead) {
        let outlet = Arc::clone(&self.outlet);
        let mut under_way = FuturesUnordered::new();
        loop {
            while under_way.len() < ACCOUNTS_AT_ONCE
                && let Some(piece) = self.start()
            {
                under_way.push(outlet.publish(piece));
            }
            if under_way.is_empty() {
                self.outage.ended(Instant::now(), &mut rand::rng());
            }
            if self.jobs_under_way == 0 {
                self.job_outage.ended(Instant::now(), &mut rand::rng());
            }
            let (wait, job_wait, note_by) = (self.outage.until(), self.job_outage.until(), self.note_by);
            tokio::select! {
                biased;
                Some(ended) = under_way.next() => {
                    self.settle(ended);
                    while let Some(Some(ended)) = under_way.next().now_or_never() {
                        self.settle(ended);
                    }
                }
                () = sleep_until(wait.unwrap_or_else(Instant::now)), if wait.is_some() => self.outage.go_on(),
                () = sleep_until(job_wait.unwrap_or_else(Instant::now)), if job_wait.is_some() => self.job_outage.go_on(),
                batch = ahead.next(), if self.has_room() && !ahead.is_at_end() => self.add(batch),
                () = sleep_until(note_by.unwrap_or_else(Instant::now)), if note_by.is_some() => {}
                else => return,
            }
            self.advance(under_way.is_empty()).await;
        }
    }

    fn start(&mut self) -> Option<Piece> {
        if !self.outage.is_going() {
            return None;
        }
        let jobs = if self.job_outage.is_going() { Jobs::Go } else { Jobs::AreHeld };
        let piece = self.board.start(jobs)?;
        self.jobs_under_way += usize::from(piece.is_job());
        Some(piece)
    }

    fn has_room(&self) -> bool {
        let Window { records, octets } = self.board.room();
        records > 0 && octets > 0
    }

    fn add(&mut self, batch: Vec<Understood>) {
        for Understood { record, publications } in batch {
            self.board.add(record, publications);
        }
    }

    /// Hears what became of a piece. A value that is too large, or cannot be written, concerns the records it came of
    /// alone: they are put aside, for the others must not wait for them forever.
    fn settle(&mut self, (piece, outcome): (Piece, Result<(), Unpublished>)) {
        self.jobs_under_way -= usize::from(piece.is_job());
        match outcome {
            Ok(()) => {}
            Err(Unpublished::Hopeless(reason, error)) => self.put_aside(&piece, reason, &*error),
            Err(Unpublished::Held(error)) => return self.hold(piece, &error),
        }
        self.board.finish(&piece);
        let Failing { jobs, others } = self.board.failing();
        if jobs == 0 {
            self.job_outage.is_over();
        }
        // What failed of the jobs waits for room, not for the bus, while they are held.
        if others == 0 && (jobs == 0 || !self.job_outage.is_going()) {
            self.outage.is_over();
        }
    }

    fn hold(&mut self, piece: Piece, error: &BusError) {
        let are_jobs_full = piece.is_job() && matches!(error, BusError::Full);
        let outage = if are_jobs_full { &mut self.job_outage } else { &mut self.outage };
        outage.failed(piece.class(), error);
        self.board.fail(piece);
    }

    fn put_aside(&self, piece: &Piece, reason: DropReason, error: &dyn Error) {
        let notifications = piece.sequences().len();
        tracing::error!(%error, notifications, "Cannot be published, the quarantine takes it");
        self.intake.telemetry.dropped(reason, notifications as u64);
        self.intake.gaps.note();
        self.intake.quarantine(self.board.records_of(piece).map(Exhibit::of).collect());
    }

    async fn advance(&mut self, is_idle: bool) {
        let is_due = is_idle || self.note_by.is_some_and(|by| by <= Instant::now());
        let Some(done) = self.board.take_done(if is_due { 1 } else { NOTED_AFTER }) else {
            if self.note_by.is_none() && self.board.has_done() {
                self.note_by = Some(Instant::now() + NOTED_WITHIN);
            }
            return;
        };
        self.note_by = None;
        let spool = &self.intake.spool;
        if let Err(error) = spool.advance(done.position, done.records, done.oldest) {
            // Only the disk lags behind: the same records may be published again by the next start.
            self.intake.telemetry.spool_errors.inc();
            self.intake.health.unsynced(&error);
        }
        if spool.needs_clear() {
            let spool = Arc::clone(spool);
            // Waited for: files must not come faster than they go.
            if let Ok(Err(_)) = spawn_blocking(move || spool.clear()).await {
                // Tried again, and told, by whoever tidies up.
                self.intake.telemetry.spool_errors.inc();
            }
        }
    }
}

#[cfg(test)]
mod tests;
