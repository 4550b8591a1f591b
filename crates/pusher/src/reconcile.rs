//! Comparing what is known with the mail server's own answer: what was lost on the way to the bus is found again.
//!
//! [`Reconcile`] does the I/O; [`Schedule`] says which account is due when, [`gaps`] hears that notifications were
//! lost.

mod gaps;
mod schedule;
mod turn;

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bus::{Bucket, Bus, GAPS_OF_RELAY};
use kit::drain::Drain;
use mailbox_event::AccountToken;
use tokio::{sync::Notify, task::JoinSet};

use crate::{
    credential::{Identity, Unanswered},
    hub::{Channel, Hub},
    settings::Settings,
    telemetry::{ReconcileOutcome, Telemetry},
    upstream_state::{Difference, First, Inquiry, NotCompared, UpstreamState},
};

use gaps::GapWatch;
use schedule::Schedule;
use turn::Turn;

/// How often it is looked whether notifications were lost: one read of the bus by each node.
const LOOK_FOR_GAPS_EVERY: Duration = Duration::from_secs(5);

/// The reconciler of a node.
pub struct Reconcile {
    hub: Arc<Hub>,
    bus: Arc<dyn Bus>,
    asker: Arc<UpstreamState>,
    schedule: Mutex<Schedule>,
    /// Something is due earlier than the loop believes.
    earlier: Notify,
    at_once: NonZeroUsize,
    /// Accounts in the schedule over which those without streams are looked for and taken out.
    many: usize,
    drain: Drain,
    telemetry: Arc<Telemetry>,
}

impl Reconcile {
    /// Without accounts. `drain` takes the first questions about them.
    pub fn new(
        hub: Arc<Hub>,
        bus: Arc<dyn Bus>,
        asker: UpstreamState,
        settings: &Settings,
        drain: Drain,
        telemetry: Arc<Telemetry>,
    ) -> Arc<Self> {
        Arc::new(Self {
            hub,
            bus,
            asker: Arc::new(asker),
            schedule: Mutex::new(Schedule::new(&settings.reconcile, now())),
            earlier: Notify::new(),
            at_once: NonZeroUsize::new(settings.reconcile.at_once).unwrap_or(NonZeroUsize::MIN),
            // Twice, so that a look at all of them comes once in many streams.
            many: settings.limits.streams.saturating_mul(2),
            drain,
            telemetry,
        })
    }

    /// A stream was opened with a credential that may ask. An account of which nothing is known is asked about at
    /// once, in the background: the first octets of the stream do not wait for the mail server.
    pub fn joined(self: &Arc<Self>, channel: &Arc<Channel>, identity: Identity) {
        let holding = identity.holding();
        let Some(question) = identity.question else { return };
        let inquiry = Arc::new(Inquiry::new(identity.account, &question, holding));
        channel.keep_inquiry(inquiry.clone());
        if channel.view().known_state().is_some() {
            return self.await_turn(channel.account());
        }
        let (this, channel) = (self.clone(), channel.clone());
        let turn = Turn::first(self, channel.account());
        self.drain.spawn(async move {
            let account = channel.account();
            match this.asker.ask_if_unknown(&channel, &inquiry).await {
                First::Known | First::Unanswered => this.await_turn(account),
                First::Answered => {
                    this.with_schedule(|schedule| schedule.told(account, now(), &mut rand::rng()));
                }
                First::AskedByAnother => {}
            }
            turn.over();
        });
    }

    /// Asks about what is due, until it is dropped.
    pub async fn run(self: Arc<Self>) {
        tokio::join!(self.clone().ask_in_turn(), self.look_for_gaps());
    }

    async fn ask_in_turn(self: Arc<Self>) {
        let mut asking = JoinSet::new();
        loop {
            while asking.len() < self.at_once.get()
                && let Some(account) = self.lock().take_due(now())
            {
                asking.spawn(self.clone().reconcile(account));
            }
            let due = self.lock().next_due().filter(|_| asking.len() < self.at_once.get());
            tokio::select! {
                () = sleep_until(due) => {}
                () = self.earlier.notified() => {}
                Some(done) = asking.join_next() => if let Err(error) = done {
                    tracing::error!(%error, "Comparison with the mail server failed in a way that it never should");
                },
            }
        }
    }

    async fn look_for_gaps(&self) {
        let mut watch = GapWatch::default();
        let mut ticks = tokio::time::interval(LOOK_FOR_GAPS_EVERY);
        loop {
            ticks.tick().await;
            match self.bus.get(Bucket::Gaps, GAPS_OF_RELAY).await {
                Ok(told) => self.heard_of_gap(watch.look(told.map(|told| told.revision))),
                Err(error) => {
                    self.telemetry.bus_failed();
                    tracing::debug!(%error, "Bus does not say whether notifications were lost");
                }
            }
        }
    }

    fn heard_of_gap(&self, look: gaps::Look) {
        if look == gaps::Look::Again {
            let accounts = self.hub.accounts_with_inquiry();
            tracing::info!(
                accounts = accounts.len(),
                "Notifications may have been lost, the mail server is asked"
            );
            self.telemetry.reconciliations().gap();
            self.with_schedule(|schedule| schedule.gap(accounts, now(), &mut rand::rng()));
        }
        self.lock().remember_gap(look != gaps::Look::Never);
    }

    fn await_turn(&self, account: AccountToken) {
        self.with_schedule(|schedule| {
            if schedule.len() >= self.many {
                schedule.retain(|account| self.hub.channel(account).is_some());
            }
            schedule.joined(account, now(), &mut rand::rng());
        });
    }

    /// Asks about one account.
    async fn reconcile(self: Arc<Self>, account: AccountToken) {
        let turn = Turn::of(&self, account);
        self.compare(account).await;
        turn.over();
    }

    async fn compare(&self, account: AccountToken) {
        let channel = self.hub.channel(account);
        let Some((channel, inquiry)) =
            channel.and_then(|channel| Some((channel.clone(), channel.inquiry()?)))
        else {
            return self.leave(account);
        };
        let began = now();
        let outcome = self.asker.compare(&channel, &inquiry).await;
        self.count(outcome);
        match outcome {
            Ok(_) | Err(NotCompared::Unanswered(Unanswered::Nonsense)) => {
                self.lock().answered(account, now(), &mut rand::rng());
            }
            Err(NotCompared::Unanswered(Unanswered::Refused)) => {
                self.leave(account);
            }
            Err(
                NotCompared::NotStored
                | NotCompared::Unanswered(Unanswered::Away | Unanswered::Status(_) | Unanswered::Crowded),
            ) => {
                self.lock().unanswered(account, (began, now()), &mut rand::rng());
            }
        }
    }

    /// Nobody is there to ask about the account. A stream that came this very moment has found it in the schedule: it is
    /// looked for again.
    fn leave(&self, account: AccountToken) {
        self.lock().left(account);
        if self.hub.channel(account).is_some_and(|channel| channel.inquiry().is_some()) {
            self.await_turn(account);
        }
    }

    fn count(&self, outcome: Result<Difference, NotCompared>) {
        let outcome = match outcome {
            Ok(Difference::Same) => ReconcileOutcome::Same,
            Ok(Difference::Behind { counters }) => {
                self.telemetry.reconciliations().moved(counters);
                ReconcileOutcome::Behind
            }
            Ok(Difference::Ahead) => ReconcileOutcome::Ahead,
            Ok(Difference::Incomparable) => ReconcileOutcome::Incomparable,
            Err(NotCompared::Unanswered(Unanswered::Refused)) => ReconcileOutcome::Refused,
            Err(_) => ReconcileOutcome::Failed,
        };
        self.telemetry.reconciliations().count(outcome);
    }

    /// Changes the schedule, and wakes the loop if something is due earlier than it was.
    fn with_schedule(&self, change: impl FnOnce(&mut Schedule)) {
        let mut schedule = self.lock();
        let before = schedule.next_due();
        change(&mut schedule);
        let is_earlier = match (schedule.next_due(), before) {
            (Some(after), Some(before)) => after < before,
            (after, before) => after.is_some() && before.is_none(),
        };
        drop(schedule);
        if is_earlier {
            self.earlier.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Schedule> {
        // Nothing under the lock can panic half-way.
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}

/// The clock of the timers, which tests can stop.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
