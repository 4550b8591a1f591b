//! Publishing: from the spool to the bus, in order, until the bus has it.
//!
//! The records of a window are spread by account: those of one account go one after another, accounts go side by
//! side. The position moves when the whole window is done. What the bus does not take for the moment is tried again
//! under the same ids, so nothing is done twice (go-back-N).

mod decoder;
mod plan;
mod states;

use std::{io, sync::Arc, time::Duration};

use bus::{Bus, BusError};
use futures_util::{StreamExt, stream};
use kit::backoff::Backoff;
use tokio::{task::spawn_blocking, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    intake::Intake,
    spool::{Batch, Record, Window},
    telemetry::{DropReason, Outcome, Route},
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
}

impl Publisher {
    pub fn new(intake: Intake, bus: Arc<dyn Bus>, decoder: Decoder) -> Self {
        let states = States::new(Arc::clone(&bus), decoder.form(), intake.telemetry.clone());
        let backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT).expect("the constants are in order");
        Self { intake, bus, decoder, states, backoff, is_away: false }
    }

    /// Publishes until `finish` is given and the spool is empty. May be dropped at any moment: what is not noted as
    /// published is published again by the next start.
    pub async fn run(&mut self, finish: &CancellationToken) {
        let mut from = self.intake.spool.position();
        while let Some(batch) = self.next(from, finish).await {
            self.intake.telemetry.spool_damaged.inc_by(batch.damaged);
            let Some(last) = batch.records.last() else { continue };
            from = last.sequence + 1;
            self.publish(&batch.records).await;
            self.advance(from, batch.records.len() as u64);
        }
    }

    /// The next records; `None` when there are none and none will come.
    async fn next(&mut self, from: u64, finish: &CancellationToken) -> Option<Batch> {
        loop {
            // Asked before reading: what was appended before it was given is seen by the read.
            let finishing = finish.is_cancelled();
            match self.read(from).await {
                Ok(batch) if !batch.records.is_empty() => return Some(batch),
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
    async fn read(&self, from: u64) -> io::Result<Batch> {
        let spool = &self.intake.spool;
        if let Some(batch) = spool.read_tail(from, WINDOW) {
            return Ok(batch);
        }
        let spool = Arc::clone(spool);
        spawn_blocking(move || spool.read(from, WINDOW)).await.map_err(io::Error::other)?
    }

    async fn unreadable(&self, error: &io::Error) {
        tracing::error!(%error, "Spool cannot be read");
        self.intake.telemetry.spool_errors.inc();
        sleep(LONGEST_WAIT).await;
    }

    fn advance(&self, position: u64, published: u64) {
        if let Err(error) = self.intake.spool.advance(position, published) {
            // Only the disk lags behind: the same records may be published again by the next start.
            self.intake.telemetry.spool_errors.inc();
            self.intake.health.broken(&error);
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
        let mut plan = Plan::default();
        for record in records {
            match self.decoder.publications(self.intake.spool.id(), record, &self.intake.telemetry) {
                Ok((account, publications)) => {
                    if !plan.add(record.sequence, account, publications) {
                        self.intake.telemetry.published(Route::Nobody);
                    }
                }
                Err(why) => {
                    self.intake.telemetry.count(record.form, Outcome::Malformed);
                    self.intake.malformed(record.form, record.payload.clone(), &why);
                }
            }
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
    if let Some((account, token, merge)) = work.merge() {
        let merged = states.merge(account, token, merge.observations(), merge.cause(intake.spool.id())).await;
        settle(merged, intake, records, merge.last())?;
        work.merged();
    }
    while let Some((message, keys)) = work.message() {
        let dispatched = bus.dispatch(message.clone(), keys).await.inspect_err(|_| {
            intake.telemetry.bus_errors.inc();
        });
        if settle(dispatched, intake, records, message.id.sequence)? {
            let is_job = message.topic.job().is_some();
            intake.telemetry.published(if is_job { Route::Job } else { Route::Live });
        }
        work.dispatched();
    }
    Ok(())
}

/// Passes an error on, for the window to be tried again. Only a value that is too large concerns the record `sequence`
/// alone: it is put aside (`false`), for the others must not wait for it forever.
fn settle(
    outcome: Result<(), BusError>,
    intake: &Intake,
    records: &[Record],
    sequence: u64,
) -> Result<bool, BusError> {
    match outcome {
        Err(error @ BusError::TooLarge { .. }) => {
            tracing::error!(%error, "Notification is too large for the bus, it goes to the quarantine");
            intake.telemetry.dropped(DropReason::TooLarge);
            if let Ok(at) = records.binary_search_by_key(&sequence, |record| record.sequence) {
                intake.quarantine(records[at].form, records[at].payload.clone());
            }
            Ok(false)
        }
        other => other.map(|()| true),
    }
}
