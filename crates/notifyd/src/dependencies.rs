//! What every mail needs: the database and the SMTP server. Their going and coming back is told once each, in the log,
//! by gates and by metrics, and ends the pauses of the groups.

mod health;
mod trouble;
mod watch;

use std::{
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bus::Failure;
use kit::readiness::Gate;
use prometheus_client::encoding::EncodeLabelValue;
use tokio::sync::{Notify, watch as channel};
use tracing::{error, info, warn};

use crate::telemetry::Metrics;
use health::{Answer, Change, Health};
pub(crate) use trouble::Trouble;
pub(crate) use watch::watch;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Dependency {
    /// The database of notifyd.
    Database,
    /// The server that takes our mail.
    Smtp,
}

/// See the module.
pub(crate) struct Dependencies {
    database: Watched,
    smtp: Watched,
    metrics: Metrics,
    /// Counts how often there was reason to try again.
    recoveries: channel::Sender<u64>,
}

/// What a group has tried: the count of recoveries when its last run began that found something away. A pause that has
/// another reason is none of ours to end.
#[derive(Debug, Default)]
pub(crate) struct Tried(AtomicU64);

struct Watched {
    /// Host and port, or a file.
    place: String,
    /// Whoever changes it holds it until the change is told and counted: to others it is all one.
    health: Mutex<Health>,
    gate: OnceLock<Gate>,
    /// Work has found it away.
    missed: Notify,
}

/// When a run began, in recoveries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Began(u64);

impl Dependency {
    pub(crate) const ALL: [Self; 2] = [Self::Database, Self::Smtp];

    fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Smtp => "SMTP server",
        }
    }
}

impl Dependencies {
    /// `database` and `smtp` are where they are, for operators.
    pub(crate) fn new(database: String, smtp: String, metrics: Metrics) -> Self {
        let watched =
            |place| Watched { place, health: Mutex::default(), gate: OnceLock::new(), missed: Notify::new() };
        Self {
            database: watched(database),
            smtp: watched(smtp),
            metrics,
            recoveries: channel::Sender::default(),
        }
    }

    /// Has `gate` tell of `dependency` from the next look on, which is soon.
    pub(crate) fn tell(&self, dependency: Dependency, gate: Gate) {
        let watched = self.watched(dependency);
        // A second gate would be a second program in this one: the first stays.
        watched.gate.set(gate).ok();
        // The first look may be over.
        watched.missed.notify_one();
    }

    /// For [`Self::ended`], from when a run begins.
    pub(crate) fn begin(&self) -> Began {
        Began(*self.recoveries.borrow())
    }

    /// Takes from the end of a run what it says of them. One that began before they came back says nothing.
    pub(crate) fn ended(&self, began: Began, result: &Result<(), Failure>, tried: &Tried) {
        let Err(Failure::Outage(why)) = result else { return };
        tried.0.store(began.0, Ordering::SeqCst);
        let Some(trouble) = Trouble::of(&**why) else { return };
        let watched = self.watched(trouble.dependency);
        let mut health = watched.health();
        if began.0 == *self.recoveries.borrow() {
            self.found_away(&mut health, &trouble);
            watched.missed.notify_one();
        }
    }

    /// Returns when another run is worth trying after the last one that found something away; once for each recovery.
    pub(crate) async fn recovered(&self, tried: &Tried) {
        let tried_at = tried.0.load(Ordering::SeqCst);
        let mut recoveries = self.recoveries.subscribe();
        let count = recoveries.wait_for(|&count| count > tried_at).await.map(|count| *count);
        match count {
            Ok(count) => tried.0.store(count, Ordering::SeqCst),
            // Nobody is left to say so.
            Err(_) => std::future::pending().await,
        }
    }

    /// A mail got what it needs of it.
    pub(crate) fn worked(&self, dependency: Dependency) {
        let mut health = self.watched(dependency).health();
        if let Some(Change::Back(away_for)) = health.worked(Instant::now()) {
            self.back(dependency, away_for);
        }
    }

    fn missed(&self, trouble: &Trouble) {
        self.found_away(&mut self.watched(trouble.dependency).health(), trouble);
    }

    fn found_away(&self, health: &mut Health, trouble: &Trouble) {
        let watched = self.watched(trouble.dependency);
        if health.failed(Instant::now(), trouble.patience).is_some() {
            self.metrics.went_away(trouble.dependency);
            let (what, server) = (trouble.dependency.name(), watched.place.as_str());
            let cause = trouble.cause.as_str();
            if trouble.needs_a_person {
                error!(what, server, cause, "Refuses us, and no mail is sent until that is mended");
            } else {
                warn!(what, server, cause, "Away, and no mail is sent until it is back");
            }
        }
        if let Some(gate) = watched.gate.get() {
            gate.down(format!("{} is away: {}", watched.place, trouble.cause));
        }
    }

    /// It answered a look while so many `runs` were at work.
    fn answered(&self, dependency: Dependency, runs: usize) {
        let mut health = self.watched(dependency).health();
        match health.answered(Instant::now(), runs) {
            Answer::Usual => self.there(dependency),
            Answer::TooSoon => {}
            Answer::Promising => self.recoveries.send_modify(|count| *count += 1),
            Answer::Back(away_for) => self.back(dependency, away_for),
        }
    }

    fn back(&self, dependency: Dependency, away_for: Duration) {
        let watched = self.watched(dependency);
        info!(what = dependency.name(), server = watched.place, ?away_for, "Back");
        self.metrics.came_back(dependency, away_for);
        self.there(dependency);
        self.recoveries.send_modify(|count| *count += 1);
    }

    fn there(&self, dependency: Dependency) {
        self.metrics.is_there(dependency);
        if let Some(gate) = self.watched(dependency).gate.get() {
            gate.up();
        }
    }

    fn watched(&self, dependency: Dependency) -> &Watched {
        match dependency {
            Dependency::Database => &self.database,
            Dependency::Smtp => &self.smtp,
        }
    }
}

impl Watched {
    fn health(&self) -> MutexGuard<'_, Health> {
        // Every change of it is one assignment: a thread that panicked left nothing half done.
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
