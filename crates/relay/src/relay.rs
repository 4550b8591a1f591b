//! The parts put together: sockets, spool, publishing, and their end.

mod start;

use std::{
    io,
    os::unix::net::{UnixDatagram as StdDatagram, UnixListener as StdListener},
    sync::Arc,
    time::{Duration, Instant},
};

use bus::Bus;
use kit::{drain::Drain, line_pace::LinePace};
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;

pub use start::{Deps, StartError};

use crate::{
    intake::{
        Intake, datagram,
        dlist::{self, DlistIntake, Limits},
    },
    publisher::{Decoder, Publisher},
    settings::Settings,
    socket::{Activated, BoundName},
    spool_health::SpoolHealth,
};

/// How often room in the spool, its age and its warning are looked at.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// The wait after a sync that failed: the next one writes up to a segment again, to a disk that is not well.
const SYNC_AGAIN: Duration = Duration::from_secs(1);
/// The end does not wait longer for a bus that takes nothing.
const LAST_TELLING: Duration = Duration::from_secs(1);
/// Nor for a disk that hangs: first for what is under way, then for the last sync.
const LAST_WRITES: Duration = Duration::from_secs(10);

/// relay, ready to run: its sockets take notifications into the kernel's queues already.
pub struct Relay {
    settings: Settings,
    intake: Intake,
    publisher: Publisher,
    bus: Arc<dyn Bus>,
    streams: Vec<Socket<StdListener>>,
    datagrams: Vec<StdDatagram>,
    /// Names of datagram sockets, to be removed at the end.
    names: Vec<BoundName>,
}

/// A listener, and its name where it is ours alone.
struct Socket<S> {
    socket: S,
    /// `None`: somebody else holds it too, and the next process goes on with what waits in its queue.
    name: Option<BoundName>,
}

/// Why relay ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A socket cannot be used.
    #[error("socket cannot be read")]
    Socket(#[source] io::Error),
}

impl Relay {
    /// Opens the spool, which takes a second or so for each GiB in it, and the sockets.
    pub fn bind(settings: Settings, deps: Deps<'_>) -> Result<Self, StartError> {
        start::bind(settings, deps)
    }

    /// Works until `drain` begins, then ends in order: what was accepted is answered, what can be published within
    /// the drain deadline is published, the rest stays in the spool. A socket that fails begins the drain, and is
    /// the error when all has ended.
    pub async fn run(mut self, drain: Drain) -> Result<(), RunError> {
        let background = CancellationToken::new();
        // Whoever drops this future drops the parts with it; the thread hears it by this.
        let _stops_with_us = background.clone().drop_guard();
        let mut tasks = JoinSet::new();
        tasks.spawn(keep_synced(self.intake.clone(), self.settings.spool.sync_every, background.clone()));
        tasks.spawn(keep_watch(self.intake.clone(), background.clone()));
        tasks.spawn(tell_gaps(self.intake.clone(), Arc::clone(&self.bus), background.clone()));
        let mut intake = self.start_intake(&background)?;
        self.intake.health.open();
        let taken_all = CancellationToken::new();
        let drain_deadline = self.settings.drain_deadline;
        let published = CancellationToken::new();
        let publishing = async {
            publish(&mut self.publisher, &drain, &taken_all, drain_deadline).await;
            published.cancel();
        };
        let health = Arc::clone(&self.intake.health);
        let taking = async {
            let outcome = intake.until_drained(&drain, &health).await;
            if intake.is_outlived() {
                // Cyrus is answered meanwhile, which is left to the next process to publish.
                taken_all.cancel();
                published.cancelled().await;
            }
            intake.finish().await;
            taken_all.cancel();
            outcome
        };
        let ((), outcome) = tokio::join!(publishing, taking);
        background.cancel();
        if timeout(LAST_WRITES, tasks.join_all()).await.is_err() {
            tracing::error!("Spool's disk does not answer, the end does not wait for it");
        }
        tell_the_last(&self.intake, &*self.bus).await;
        close(self.intake).await;
        outcome.map_err(RunError::Socket)
    }

    fn start_intake(&mut self, background: &CancellationToken) -> Result<Taking, RunError> {
        let limits = Limits {
            connections: self.settings.max_connections,
            read_deadline: self.settings.read_deadline,
            octets: self.settings.message_limit,
        };
        let dlist = Arc::new(DlistIntake::new(self.intake.clone(), limits));
        // The threads stop with the drain, and with us if we are dropped.
        let stop = background.child_token();
        let (mut listeners, mut ends) = (Vec::new(), Vec::new());
        for Socket { socket, name } in self.streams.drain(..) {
            let socket = Arc::new(socket);
            let end = dlist::start(Arc::clone(&dlist), Arc::clone(&socket), stop.clone());
            ends.push(end.map_err(RunError::Socket)?);
            listeners.push(Socket { socket, name });
        }
        for socket in self.datagrams.drain(..) {
            ends.push(datagram::start(socket, self.intake.clone(), stop.clone()).map_err(RunError::Socket)?);
        }
        let mut threads = JoinSet::new();
        for end in ends {
            // A thread that is gone without a word has panicked.
            threads.spawn(async { end.await.unwrap_or_else(|gone| Err(io::Error::other(gone))) });
        }
        Ok(Taking { dlist, listeners, threads, names: std::mem::take(&mut self.names), stop })
    }
}

/// What takes notifications.
struct Taking {
    dlist: Arc<DlistIntake>,
    listeners: Vec<Socket<Arc<StdListener>>>,
    threads: JoinSet<io::Result<()>>,
    /// Of datagram sockets.
    names: Vec<BoundName>,
    stop: CancellationToken,
}

impl Taking {
    /// Whether somebody else holds every socket too: what waits in the queues is there for the next process, and
    /// waits only from our last answer to its first.
    fn is_outlived(&self) -> bool {
        self.names.is_empty() && self.listeners.iter().all(|listener| listener.name.is_none())
    }

    /// Ends with the drain. An error is that of a socket, and has begun the drain.
    async fn until_drained(&mut self, drain: &Drain, health: &SpoolHealth) -> io::Result<()> {
        let outcome = tokio::select! {
            () = drain.draining() => Ok(()),
            error = first_error(&mut self.threads) => Err(error),
        };
        if outcome.is_err() {
            health.end("socket cannot be read");
            drain.begin();
        }
        outcome
    }

    /// Ends when nothing more will be taken.
    async fn finish(self) {
        // The names first: what is sent from here on fails at its sender, and what was sent is taken.
        let ours = || self.listeners.iter().filter(|listener| listener.name.is_some());
        self.names.iter().chain(ours().filter_map(|socket| socket.name.as_ref())).for_each(BoundName::remove);
        self.stop.cancel();
        self.threads.join_all().await;
        // Nobody comes after us to take what waits in the queues of sockets that are ours alone.
        for listener in ours() {
            if let Err(error) = self.dlist.accept_the_rest(&listener.socket).await {
                tracing::warn!(%error, "Waiting connections are cut off");
            }
        }
        self.dlist.finish().await;
    }
}

/// Completes when one of the threads ends by an error. None ends otherwise before it is told to.
async fn first_error(threads: &mut JoinSet<io::Result<()>>) -> io::Error {
    while let Some(ended) = threads.join_next().await {
        if let Ok(Err(error)) = ended {
            return error;
        }
    }
    std::future::pending().await
}

/// Publishes; after the drain has begun, for no longer than the deadline.
async fn publish(
    publisher: &mut Publisher,
    drain: &Drain,
    taken_all: &CancellationToken,
    deadline: Duration,
) {
    let out_of_time = async {
        drain.draining().await;
        tokio::time::sleep(deadline).await;
    };
    let mut ahead = publisher.read_ahead(taken_all);
    tokio::select! {
        () = publisher.run(&mut ahead) => {}
        () = out_of_time => tracing::warn!("Not everything was published, the rest stays in the spool"),
    }
    ahead.end().await;
}

/// Has what was written reach the disk, never more often than `every`.
async fn keep_synced(intake: Intake, every: Duration, stop: CancellationToken) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        if !intake.spool.needs_sync() {
            continue;
        }
        let spool = Arc::clone(&intake.spool);
        match spawn_blocking(move || spool.sync()).await {
            Ok(Ok(())) => intake.health.synced(),
            Ok(Err(error)) => {
                intake.telemetry.spool_errors.inc();
                intake.health.unsynced(&error);
                ticks.reset_after(every.max(SYNC_AGAIN));
            }
            // It panicked, or the runtime ends.
            Err(_) => {}
        }
    }
}

/// Keeps gauges, gate and warning true while nothing arrives.
async fn keep_watch(intake: Intake, stop: CancellationToken) {
    let mut ticks = interval(CHECK_EVERY);
    let mut failures_told = LinePace::of_failures();
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        intake.telemetry.depth(intake.spool.depth(), (intake.clock)());
        tell_damage(&intake);
        let intake = intake.clone();
        // A panic in there is told by its hook; the next tick tries again.
        if let Ok(Err(error)) = spawn_blocking(move || look_after(&intake)).await
            && let Some(failures) = failures_told.line(Instant::now())
        {
            tracing::warn!(%error, failures, "Published segments cannot be removed");
        }
    }
}

/// The disk lost what was answered.
fn tell_damage(intake: &Intake) {
    let damaged = intake.spool.take_damaged();
    if damaged > 0 {
        tracing::error!(damaged, "Spool lacks records that it had, they are lost");
        intake.telemetry.spool_damaged.inc_by(damaged);
        intake.gaps.note();
    }
}

/// Has pushers hear of notifications that were lost: the bus is told as they are.
async fn tell_gaps(intake: Intake, bus: Arc<dyn Bus>, stop: CancellationToken) {
    stop.run_until_cancelled(intake.gaps.tell(&*bus, intake.clock)).await;
}

/// Tells what nobody came to tell; what cannot be told is told by the next start. Nothing may be noted afterwards.
async fn tell_the_last(intake: &Intake, bus: &dyn Bus) {
    tell_damage(intake);
    if !intake.gaps.tell_the_rest(bus, intake.clock, LAST_TELLING).await {
        intake.spool.leave_unclean();
    }
}

/// Clears away what is published, and looks whether a broken disk is well, which writes to it. Blocks.
fn look_after(intake: &Intake) -> io::Result<()> {
    let tidied = intake.spool.tidy((intake.clock)());
    if tidied.is_err() {
        intake.telemetry.spool_errors.inc();
    }
    intake.health.check(&intake.spool);
    tidied
}

async fn close(intake: Intake) {
    let depth = intake.spool.depth();
    match timeout(LAST_WRITES, spawn_blocking(move || intake.spool.close())).await {
        Ok(Ok(Ok(()))) => tracing::info!(records = depth.records, "Spool is closed"),
        Ok(Ok(Err(error))) => tracing::error!(%error, "Spool cannot be closed in order"),
        Ok(Err(_)) | Err(_) => tracing::error!("Spool cannot be closed in time"),
    }
}

#[cfg(test)]
mod tests;
