//! Publishing: from the spool to the bus, in order, until the bus has it.
//!
//! The records of a window are spread by account: those of one account go one after another, accounts go side by
//! side. The position moves when the whole window is done. What the bus does not take for the moment is tried again
//! under the same ids, so nothing is done twice (go-back-N).

mod decoder;
mod plan;
mod states;

use std::{io, sync::Arc, thread, time::Duration};

use bus::{Bus, BusError};
use futures_util::{StreamExt, stream};
use kit::backoff::Backoff;
use tokio::{task::spawn_blocking, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    intake::{Exhibit, Intake},
    spool::{Record, Window},
    telemetry::{DropReason, Route},
};

pub(crate) use decoder::Decoder;
use plan::{AccountWork, Plan};
use states::States;

/// Records and octets that are in work at once; go-back-N repeats no more than this after an unclean end.
const WINDOW: Window = Window { records: 256, octets: 16 << 20 };
/// Accounts that the bus is asked for at once: enough to fill a group commit, or a round trip over a network.
const ACCOUNTS_AT_ONCE: usize = 32;
/// The first wait is short, for a bus that was restarted; the longest keeps an outage from becoming a load.
const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Publishes what is in the spool.
pub(crate) struct Publisher {
    intake: Intake,
    bus: Arc<dyn Bus>,
    decoder: Decoder,
    states: States,
    backoff: Backoff,
    /// Whether the log was told that the bus is away.
    is_away: bool,
    /// The first sequence that is left to the next start, once the end was given.
    goal: Option<u64>,
}

impl Publisher {
    pub fn new(intake: Intake, bus: Arc<dyn Bus>, decoder: Decoder) -> Self {
        let states = States::new(Arc::clone(&bus), decoder.form(), intake.telemetry.clone());
        let backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT).expect("the constants are in order");
        Self { intake, bus, decoder, states, backoff, is_away: false, goal: None }
    }

    /// Publishes until `finish` is given and what the spool held then is published. May be dropped at any moment: what
    /// is not noted as published is published again by the next start.
    pub async fn run(&mut self, finish: &CancellationToken) {
        let mut from = self.intake.spool.position();
        while let Some(records) = self.next(from, finish).await {
            from = records.last().map_or(from, |last| last.sequence + 1);
            self.publish(&records).await;
            self.advance(from, records.len() as u64).await;
        }
    }

    /// The next records, at least one; `None` when there are none and none will come.
    async fn next(&mut self, from: u64, finish: &CancellationToken) -> Option<Vec<Record>> {
        loop {
            // Asked before reading: what was appended before it was given is seen by the read.
            let finishing = finish.is_cancelled();
            if finishing && from >= *self.goal.get_or_insert_with(|| self.intake.spool.next()) {
                return None;
            }
            match self.read(from).await {
                Ok(records) if !records.is_empty() => return Some(records),
                _ if finishing => return None,
                Ok(_) => {}
                Err(error) => {
                    self.unreadable(&error).await;
                    continue;
                }
            }
            tokio::select! {
                () = self.intake.spool.arrived() => {}
                () = finish.cancelled() => {}
            }
        }
    }

    /// Memory first: only a backlog is worth a hop to a thread that may block.
    async fn read(&self, from: u64) -> io::Result<Vec<Record>> {
        let spool = &self.intake.spool;
        if let Some(records) = spool.read_tail(from, WINDOW) {
            return Ok(records);
        }
        let spool = Arc::clone(spool);
        spawn_blocking(move || spool.read(from, WINDOW)).await.map_err(io::Error::other)?
    }

    async fn unreadable(&self, error: &io::Error) {
        tracing::error!(%error, "Spool cannot be read");
        self.intake.telemetry.spool_errors.inc();
        sleep(LONGEST_WAIT).await;
    }

    async fn advance(&self, position: u64, published: u64) {
        let spool = &self.intake.spool;
        if let Err(error) = spool.advance(position, published) {
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

    /// Publishes a window, however long it takes.
    async fn publish(&mut self, records: &[Record]) {
        let mut plan = self.plan(records);
        let mut attempt = 0;
        loop {
            let (states, bus, intake) = (&self.states, self.bus.as_ref(), &self.intake);
            let works = plan.accounts.iter_mut();
            // Gathered first: a closure held over an await would make this future not `Send`.
            let futures: Vec<_> =
                works.map(|work| publish_account(work, states, bus, intake, records)).collect();
            let outcomes: Vec<_> = stream::iter(futures).buffer_unordered(ACCOUNTS_AT_ONCE).collect().await;
            let Some(error) = outcomes.into_iter().find_map(Result::err) else { break };
            attempt += 1;
            self.wait(attempt, &error).await;
            plan.accounts.retain(|work| !work.is_done());
        }
        if std::mem::take(&mut self.is_away) {
            tracing::info!("Bus takes messages again");
        }
    }

    fn plan(&self, records: &[Record]) -> Plan {
        let (mut plan, mut malformed) = (Plan::default(), Vec::new());
        for record in records {
            // A window is a millisecond of work, and answers go first.
            thread::yield_now();
            match self.decoder.publications(self.intake.spool.id(), record, &self.intake.telemetry) {
                Ok(publications) => {
                    if !plan.add(record.sequence, publications) {
                        self.intake.telemetry.published(Route::Nobody);
                    }
                }
                Err(why) => {
                    self.intake.tell_malformed(record.form, record.payload.len(), &why);
                    malformed.push(Exhibit::of(record));
                }
            }
        }
        if !malformed.is_empty() {
            self.intake.quarantine(malformed);
        }
        plan
    }

    async fn wait(&mut self, attempt: u32, error: &BusError) {
        if !std::mem::replace(&mut self.is_away, true) {
            if error.is_transient() {
                tracing::warn!(%error, "Bus takes no messages, the spool keeps them");
            } else {
                tracing::error!(%error, "Bus refuses messages, the spool keeps them");
            }
        }
        // A thread's generator may not be held over the wait.
        let delay = self.backoff.delay(attempt, &mut rand::rng());
        sleep(delay).await;
    }
}

/// Publishes what is left of one account; an error means that the rest is to be tried again.
async fn publish_account(
    work: &mut AccountWork,
    states: &States,
    bus: &dyn Bus,
    intake: &Intake,
    records: &[Record],
) -> Result<(), BusError> {
    if let Some((token, merge)) = work.merge() {
        let cause = merge.cause(intake.spool.id());
        let merged = states.merge(merge.account(), token, merge.observations(), cause).await;
        settle(merged, intake, records, merge.sequences())?;
        work.merged();
    }
    while let Some((message, keys)) = work.message() {
        let dispatched = bus.dispatch(message.clone(), keys).await.inspect_err(|_| {
            intake.telemetry.bus_errors.inc();
        });
        if settle(dispatched, intake, records, &[message.id.sequence])? {
            let is_job = message.topic.job().is_some();
            intake.telemetry.published(if is_job { Route::Job } else { Route::Live });
        }
        work.dispatched();
    }
    Ok(())
}

/// Passes an error on, for the window to be tried again. Only a value that is too large concerns the records it
/// came of alone: they are put aside (`false`), for the others must not wait for them forever.
fn settle(
    outcome: Result<(), BusError>,
    intake: &Intake,
    records: &[Record],
    sequences: &[u64],
) -> Result<bool, BusError> {
    match outcome {
        Err(error @ BusError::TooLarge { .. }) => {
            let notifications = sequences.len();
            tracing::error!(%error, notifications, "Too large for the bus, the quarantine takes it");
            intake.telemetry.dropped(DropReason::TooLarge, notifications as u64);
            intake.gaps.note();
            let concerned = |record: &&Record| sequences.binary_search(&record.sequence).is_ok();
            intake.quarantine(records.iter().filter(concerned).map(Exhibit::of).collect());
            Ok(false)
        }
        other => other.map(|()| true),
    }
}
