//! The database and the SMTP server go away for long and come back: what an operator is told, and how soon work goes on.

use std::{
    io,
    sync::{Mutex, Once},
    time::Duration,
};

use bus::Group;
use fakes::smtp::{SinkSettings, SmtpSink};
use kit::{
    backoff::Backoff,
    drain::{Drain, Drained},
    readiness::Readiness,
};
use notifyd::{ALARM_MAIL, Notifyd, Settings};
use prometheus_client::registry::Registry;
use store::Store;
use tempfile::TempDir;
use testkit::{eventually, postgres::Postgres};
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    bus::mails,
    buses::{Kind, Meeting},
    setup::{alarm, job, ledger, metric, settings, sink},
};

const DEADLINE: Duration = Duration::from_secs(30);

/// What all tests of this process log: who is meant is told by the place, whose port nobody else has.
#[derive(Clone, Copy)]
pub struct Log;

static LOGGED: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static LISTENS: Once = Once::new();

impl io::Write for Log {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        LOGGED.lock().unwrap().write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        *self
    }
}

impl Log {
    pub fn start() {
        LISTENS.call_once(|| tracing_subscriber::fmt().with_writer(Self).with_ansi(false).init());
    }

    /// The lines that hold all of `parts`.
    pub fn lines(parts: [&str; 3]) -> Vec<String> {
        let log = String::from_utf8(LOGGED.lock().unwrap().clone()).unwrap();
        let is_meant = |line: &&str| parts.iter().all(|part| line.contains(part));
        log.lines().filter(is_meant).map(str::to_owned).collect()
    }
}

/// notifyd whose groups, left to themselves, would pause for an hour.
struct World {
    meeting: Meeting,
    registry: Registry,
    readiness: Readiness,
    drain: Drain,
    jobs: u64,
}

impl World {
    async fn start(kind: Kind, mut settings: Settings, store: Store) -> Self {
        Log::start();
        let (meeting, drain, readiness) = (Meeting::of(kind).await, Drain::new(), Readiness::new());
        let hour = Duration::from_hours(1);
        // One burnt attempt would be the end of a job.
        (settings.retries, settings.backoff) = (0, Backoff::new(hour, hour).unwrap());
        let mut registry = Registry::default();
        let notifyd =
            Notifyd::start(settings, b"site", meeting.bus.clone(), store, &mut registry).await.unwrap();
        notifyd.tell(readiness.gate("database"), readiness.gate("smtp"));
        drop(drain.spawn(notifyd.run(drain.clone())));
        let world = Self { meeting, registry, readiness, drain, jobs: 0 };
        eventually(DEADLINE, "notifyd is ready", async || world.readiness.is_ready().then_some(())).await;
        world
    }

    async fn alarm(&mut self, to: &str) {
        self.jobs += 1;
        let mut job = job(alarm(&[to]));
        job.id.sequence = self.jobs;
        self.meeting.bus.dispatch(job, &[]).await.unwrap();
    }

    /// Waits until `gate` is down; why.
    async fn down(&self, gate: &str) -> String {
        eventually(DEADLINE, "the gate goes down", async || {
            self.readiness.down().into_iter().find(|down| down.gate == gate).map(|down| down.reason)
        })
        .await
    }

    async fn ready(&self) {
        eventually(DEADLINE, "all is well again", async || self.readiness.is_ready().then_some(())).await;
    }

    fn metric(&self, name: &str, dependency: &str) -> String {
        metric(&self.registry, &format!("notifyd_dependency_{name}{{dependency=\"{dependency}\"}}"))
    }

    async fn end(self) {
        let dead = self.meeting.bus.dead_letters(&Group(ALARM_MAIL.to_owned()), 10).await.unwrap();
        assert_eq!(dead, [], "an outage burns no attempt");
        assert_eq!(self.drain.finish(DEADLINE).await, Drained::Clean);
        self.meeting.close().await;
    }
}

impl World {
    /// One outage of `dependency` was told of, by its `place` and `cause`, and that it is over.
    fn was_told_once(&self, dependency: &str, place: &str, cause: &str) {
        let (away, back) = (Log::lines(["WARN", "Away", place]), Log::lines(["INFO", "Back", place]));
        assert_eq!((away.len(), back.len()), (1, 1), "{away:?} {back:?}");
        assert!(away[0].contains(cause) && back[0].contains("away_for="), "{away:?} {back:?}");
        assert_eq!(
            (self.metric("up", dependency), self.metric("outages_total", dependency)),
            ("1".into(), "1".into())
        );
        assert!(self.metric("away_seconds_total", dependency).parse::<f64>().unwrap() > 0.0);
    }
}

async fn smtp_goes_and_comes_back(kind: Kind) {
    let (folder, gone) = (TempDir::new().unwrap(), sink().await);
    let address = gone.local_addr();
    let mut world = World::start(kind, settings(address), ledger(&folder).await).await;
    gone.stop().await;
    for number in 0..3 {
        world.alarm(&format!("bob{number}@example.org")).await;
    }
    let reason = world.down("smtp").await;
    assert!(reason.contains(&address.to_string()) && reason.contains("refused"), "{reason}");
    assert_eq!(world.metric("up", "Smtp"), "0");
    let back = SmtpSink::start(address, SinkSettings::default()).await.unwrap();
    mails(&back, 3).await;
    world.ready().await;
    world.was_told_once("Smtp", &address.to_string(), "refused");
    world.end().await;
}

#[tokio::test]
async fn work_goes_on_within_seconds_of_the_smtp_servers_return() {
    smtp_goes_and_comes_back(Kind::Local).await;
}

#[tokio::test]
async fn work_goes_on_within_seconds_of_the_smtp_servers_return_on_nats() {
    smtp_goes_and_comes_back(Kind::Nats).await;
}

async fn database_goes_and_comes_back(kind: Kind) {
    let (mut server, sink) = (Postgres::start().await, sink().await);
    let url = server.url(&server.database());
    let limit = Duration::from_secs(2);
    let database = store::Settings {
        acquire_timeout: limit,
        statement_timeout: limit,
        ..store::Settings::at(url.clone())
    };
    let store = Store::open(&database, "/nowhere".as_ref()).await.unwrap();
    let mut world = World::start(kind, settings(sink.local_addr()), store).await;
    server.stop().await;
    for number in 0..3 {
        world.alarm(&format!("bob{number}@example.org")).await;
    }
    let reason = world.down("database").await;
    assert!(!reason.contains("postgres://"), "{reason}");
    assert_eq!(world.metric("up", "Database"), "0");
    assert_eq!(sink.mails().len(), 0, "nothing is sent without the ledger");
    server.restart().await;
    mails(&sink, 3).await;
    world.ready().await;
    let place = url.split(['@', '?']).nth(1).unwrap();
    world.was_told_once("Database", place, "cause=");
    assert_eq!(sink.mails().len(), 3);
    world.end().await;
}

#[tokio::test]
async fn work_goes_on_within_seconds_of_the_databases_return() {
    database_goes_and_comes_back(Kind::Local).await;
}

#[tokio::test]
async fn work_goes_on_within_seconds_of_the_databases_return_on_nats() {
    database_goes_and_comes_back(Kind::Nats).await;
}

#[tokio::test]
async fn a_node_without_work_knows_what_is_away() {
    let (folder, gone, readiness) = (TempDir::new().unwrap(), sink().await, Readiness::new());
    let address = gone.local_addr();
    gone.stop().await;
    let (meeting, mut registry, drain) = (Meeting::of(Kind::Local).await, Registry::default(), Drain::new());
    let store = ledger(&folder).await;
    let notifyd = Notifyd::start(settings(address), b"site", meeting.bus.clone(), store, &mut registry);
    let notifyd = notifyd.await.unwrap();
    notifyd.tell(readiness.gate("database"), readiness.gate("smtp"));
    drop(drain.spawn(notifyd.run(drain.clone())));
    let down = eventually(DEADLINE, "only the server is away", async || match &readiness.down()[..] {
        [down] if down.reason.contains("away") => Some(down.gate),
        _ => None,
    });
    assert_eq!(down.await, "smtp");
    let _back = SmtpSink::start(address, SinkSettings::default()).await.unwrap();
    eventually(DEADLINE, "notifyd is ready", async || readiness.is_ready().then_some(())).await;
    assert_eq!(drain.finish(DEADLINE).await, Drained::Clean);
    meeting.close().await;
}
