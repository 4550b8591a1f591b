//! Publishing: from the spool to the bus, until the bus has it.
//!
//! A pipeline: records are read ahead, their work is put on the [board](Board), and what the board gives out is done
//! side by side, for each account in order. The position moves over records whose work is all done. What the bus does
//! not take for the moment is tried again under the same ids; a start after an unclean end begins at the position and
//! repeats what was done beyond it (go-back-N), which changes nothing.

mod board;
mod decoder;
mod outage;
mod outlet;
mod reader;
mod states;

use std::{sync::Arc, thread, time::Duration};

use bus::{Bus, BusError};
use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use routing::Publications;
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    intake::{Exhibit, Intake},
    spool::{Record, Window},
    telemetry::{DropReason, Route},
};

use board::{Board, Piece};
pub(crate) use decoder::Decoder;
use outage::Outage;
use outlet::Outlet;
use reader::Reader;
use states::States;

/// Records and octets that are read and not done at once. A round trip to a bus times its rate has to fit in; go-back-N
/// repeats no more than this after an unclean end.
const OUTSTANDING: Window = Window { records: 4096, octets: 16 << 20 };
/// Records that are understood in one go: a fraction of a millisecond, for which answers of the bus wait.
const READ_AT_ONCE: usize = 64;
/// Accounts that the bus is asked for at once: enough for a round trip over a network, or for a stall of the disk below a
/// local bus.
const ACCOUNTS_AT_ONCE: usize = 1024;
/// Records after which the position is noted while more is under way: a write to a file, which is not worth one record.
const NOTED_AFTER: u64 = 64;
/// The first wait is short, for a bus that was restarted; the longest keeps an outage from becoming a load.
const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Publishes what is in the spool.
pub(crate) struct Publisher {
    intake: Intake,
    decoder: Decoder,
    outlet: Arc<Outlet>,
    reader: Reader,
    board: Board,
    outage: Outage,
}

impl Publisher {
    pub fn new(intake: Intake, bus: Arc<dyn Bus>, decoder: Decoder) -> Self {
        let (relay, telemetry) = (intake.spool.id(), intake.telemetry.clone());
        let states = States::new(Arc::clone(&bus), decoder.form(), telemetry.clone());
        let outlet = Arc::new(Outlet { bus, states, relay, telemetry });
        let (reader, board) = (Reader::new(intake.clone()), Board::new(OUTSTANDING));
        Self { intake, decoder, outlet, reader, board, outage: Outage::new(FIRST_WAIT, LONGEST_WAIT) }
    }

    /// Publishes until `finish` is given and what the spool held then is published. May be dropped at any moment: what
    /// is not noted as published is published again by the next start.
    pub async fn run(&mut self, finish: &CancellationToken) {
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
            let (room, wait) = (self.room(), self.outage.until());
            tokio::select! {
                biased;
                Some(ended) = under_way.next() => {
                    self.settle(ended);
                    while let Some(Some(ended)) = under_way.next().now_or_never() {
                        self.settle(ended);
                    }
                }
                () = sleep_until(wait.unwrap_or_else(Instant::now)), if wait.is_some() => self.outage.go_on(),
                records = self.reader.next(room.unwrap_or(OUTSTANDING), finish), if room.is_some() => self.add(records),
                else => return,
            }
            self.advance(under_way.is_empty()).await;
        }
    }

    fn start(&mut self) -> Option<Piece> {
        if self.outage.is_going() { self.board.start() } else { None }
    }

    /// How much may be read, if anything.
    fn room(&self) -> Option<Window> {
        let Window { records, octets } = self.board.room();
        let is_open = records > 0 && octets > 0 && !self.reader.is_at_end();
        is_open.then_some(Window { records: records.min(READ_AT_ONCE), octets })
    }

    fn add(&mut self, records: Vec<Record>) {
        let mut malformed = Vec::new();
        for record in records {
            // Answers go first.
            thread::yield_now();
            match self.decoder.publications(self.intake.spool.id(), &record, &self.intake.telemetry) {
                Ok(publications) => {
                    if !self.board.add(record, publications) {
                        self.intake.telemetry.published(Route::Nobody);
                    }
                }
                Err(why) => {
                    self.intake.tell_malformed(record.form, record.payload.len(), &why);
                    malformed.push(Exhibit::of(&record));
                    self.board.add(record, Publications::default());
                }
            }
        }
        if !malformed.is_empty() {
            self.intake.quarantine(malformed);
        }
    }

    /// Hears what became of a piece. Only a value that is too large concerns the records it came of alone: they are put
    /// aside, for the others must not wait for them forever.
    fn settle(&mut self, (piece, outcome): (Piece, Result<(), BusError>)) {
        match outcome {
            Ok(()) => {}
            Err(error @ BusError::TooLarge { .. }) => self.put_aside(&piece, &error),
            Err(error) => {
                self.outage.failed(&error);
                self.board.fail(piece);
                return;
            }
        }
        self.board.finish(&piece);
        if !self.board.is_failing() {
            self.outage.is_over();
        }
    }

    fn put_aside(&self, piece: &Piece, error: &BusError) {
        let notifications = piece.sequences().len();
        tracing::error!(%error, notifications, "Too large for the bus, the quarantine takes it");
        self.intake.telemetry.dropped(DropReason::TooLarge, notifications as u64);
        self.intake.gaps.note();
        self.intake.quarantine(self.board.records_of(piece).map(Exhibit::of).collect());
    }

    async fn advance(&mut self, is_idle: bool) {
        let Some(done) = self.board.take_done(if is_idle { 1 } else { NOTED_AFTER }) else { return };
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
