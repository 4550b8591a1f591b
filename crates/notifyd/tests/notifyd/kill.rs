//! notifyd is killed while it sends alarms, again and again, at points that a seed draws, on both databases.
//!
//! The server holds an answer back, and the kill lands exactly there; or the kill lands some microseconds after a mail was
//! taken, which is where answers are read, rows are written and jobs are acknowledged.
//!
//! `NOTIFYD_TEST_KILL_ROUNDS` and `NOTIFYD_TEST_KILL_SEED` make the run longer and another one: see
//! `tests/long/kill-alarms`.

use std::{
    collections::BTreeMap,
    env,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bus::{Bus, DeadLetters, Group};
use bus_local::{LocalBus, LocalBusSettings};
use fakes::smtp::{DataFault, Faults, SinkSettings, SmtpSink, Verb};
use kit::drain::Drain;
use notifyd::{ALARM_MAIL, Notifyd};
use prometheus_client::registry::Registry;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rusqlite::Connection;
use store::Store;
use tempfile::TempDir;
use testkit::postgres::Postgres;

use crate::setup::{alarm, header, job, settings};

const THIS_TEST: &str = "kill::every_alarm_has_a_mail_whatever_was_killed_and_a_second_only_in_doubt";
/// Says that the process is notifyd, and where it works.
const FOLDER: &str = "NOTIFYD_TEST_KILL_FOLDER";
const DATABASE: &str = "NOTIFYD_TEST_KILL_DATABASE";
const SERVER: &str = "NOTIFYD_TEST_KILL_SERVER";

const ALARMS: u64 = 12;
const ROUNDS: u64 = 6;
const DEADLINE: Duration = Duration::from_secs(60);

/// A kill, and what the server does before it.
#[derive(Debug)]
enum Kill {
    /// While the server holds an answer back.
    At(Verb, DataFault),
    /// So long after so many mails more were taken.
    After(u64, Duration),
}

/// Where the rows are, and how this process looks at them.
enum Rows {
    Postgres(Arc<Postgres>, String),
    Sqlite(TempDir),
}

#[test]
fn every_alarm_has_a_mail_whatever_was_killed_and_a_second_only_in_doubt() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match env::var_os(FOLDER) {
        Some(folder) => runtime.block_on(serve(Path::new(&folder))),
        None => runtime.block_on(rounds()),
    }
}

/// Is notifyd until it is killed, or standard input ends.
async fn serve(folder: &Path) {
    let bus = LocalBus::open(&folder.join("bus.sqlite"), LocalBusSettings::default()).unwrap();
    let server: SocketAddr = env::var(SERVER).unwrap().parse().unwrap();
    let mut settings = settings(server);
    (settings.concurrency, settings.retries) = (4, 100);
    let database = store::Settings::at(env::var(DATABASE).unwrap());
    let store = Store::open(&database, "/nowhere".as_ref()).await.unwrap();
    let (drain, mut registry) = (Drain::new(), Registry::default());
    let notifyd = Notifyd::start(settings, b"site", Arc::new(bus.clone()), store, &mut registry).await;
    let running = tokio::spawn(notifyd.unwrap().run(drain.clone()));
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await.unwrap().unwrap();
    drain.begin();
    running.await.unwrap();
    bus.close().await;
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap())
}

async fn rounds() {
    let (seed, mut doubts) = (number("NOTIFYD_TEST_KILL_SEED", 1), 0);
    let postgres = Postgres::shared().await;
    for seed in seed..seed + number("NOTIFYD_TEST_KILL_ROUNDS", ROUNDS) {
        eprintln!("seed {seed}");
        let rows = match seed % 2 {
            0 => Rows::Postgres(postgres.clone(), postgres.database()),
            _ => Rows::Sqlite(TempDir::new().unwrap()),
        };
        doubts += kill_and_send(seed, &rows).await;
    }
    eprintln!("{doubts} second mails");
}

/// How many alarms had a second mail.
async fn kill_and_send(seed: u64, rows: &Rows) -> u64 {
    let (folder, mut rng) = (TempDir::new().unwrap(), StdRng::seed_from_u64(seed));
    let keep = SinkSettings { kept: 1000, ..SinkSettings::default() };
    let sink = SmtpSink::start("127.0.0.1:0".parse().unwrap(), keep).await.unwrap();
    dispatch(folder.path()).await;
    Store::open(&store::Settings::at(rows.url()), "/nowhere".as_ref()).await.unwrap().close().await;
    let mut doubts: BTreeMap<String, u64> = BTreeMap::new();
    for number in 0..rng.random_range(1..=5) {
        let kill = kill(&mut rng, number == 0);
        let mut child = start(folder.path(), rows, sink.local_addr());
        wait_for(&kill, &sink, &mut child).await;
        child.kill().unwrap();
        child.wait().unwrap();
        for message_id in rows.in_doubt() {
            *doubts.entry(message_id).or_default() += 1;
        }
    }
    sink.set_faults(Faults::default());
    finish(folder.path(), rows, &sink).await;
    check(&sink, rows, &doubts)
}

/// A server that loses a mail twice without a word has it lost for good, so it may do so at the first kill only.
fn kill(rng: &mut StdRng, may_lose: bool) -> Kill {
    if rng.random_bool(0.4) {
        return Kill::After(rng.random_range(1..4), Duration::from_micros(rng.random_range(0..4000)));
    }
    let data = if may_lose && rng.random_bool(0.5) { DataFault::Lose } else { DataFault::None };
    Kill::At(Verb::ALL[rng.random_range(0..Verb::ALL.len())], data)
}

/// Each alarm goes to an address of its own.
async fn dispatch(folder: &Path) {
    let bus = LocalBus::open(&folder.join("bus.sqlite"), LocalBusSettings::default()).unwrap();
    // The group has to be known before jobs are kept for it; its listener does nothing.
    let (drain, mut registry) = (Drain::new(), Registry::default());
    let store = Store::open(&store::Settings::default(), &folder.join("unused.sqlite")).await.unwrap();
    let nobody = "127.0.0.1:1".parse().unwrap();
    let shared: Arc<dyn Bus> = Arc::new(bus.clone());
    let notifyd = Notifyd::start(settings(nobody), b"site", shared, store, &mut registry).await.unwrap();
    for number in 1..=ALARMS {
        let mut job = job(alarm(&[&address(number)]));
        job.id.sequence = number;
        bus.dispatch(job, &[]).await.unwrap();
    }
    drain.begin();
    notifyd.run(drain).await;
    bus.close().await;
}

fn address(number: u64) -> String {
    format!("bob{number}@example.org")
}

fn start(folder: &Path, rows: &Rows, server: SocketAddr) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", THIS_TEST, "--nocapture"])
        .env(FOLDER, folder)
        .env(DATABASE, rows.url())
        .env(SERVER, server.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Returns at the moment of the kill, or when every alarm is done and nothing is left to be killed in.
async fn wait_for(kill: &Kill, sink: &SmtpSink, child: &mut Child) {
    let (taken, stalled) = (sink.taken(), sink.stalled());
    let (taken_before, stalled_before) = (*taken.borrow(), *stalled.borrow());
    let faults = match *kill {
        Kill::At(verb, data) => Faults { stalled: Some(verb), data, ..Faults::default() },
        Kill::After(..) => Faults::default(),
    };
    sink.set_faults(faults);
    let end = Instant::now() + Duration::from_secs(3);
    while Instant::now() < end {
        assert!(child.try_wait().unwrap().is_none(), "notifyd ended by itself");
        match *kill {
            Kill::At(..) if *stalled.borrow() > stalled_before => return,
            Kill::After(count, pause) if *taken.borrow() >= taken_before + count => {
                let end = Instant::now() + pause;
                while Instant::now() < end {
                    std::hint::spin_loop();
                }
                return;
            }
            Kill::At(..) | Kill::After(..) => thread::yield_now(),
        }
    }
}

/// Lets notifyd do what is left.
async fn finish(folder: &Path, rows: &Rows, sink: &SmtpSink) {
    let mut child = start(folder, rows, sink.local_addr());
    let end = Instant::now() + DEADLINE;
    while rows.count("state IN ('sent', 'failed', 'dropped')") < ALARMS {
        assert!(Instant::now() < end, "alarms are left");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    let bus = LocalBus::open(&folder.join("bus.sqlite"), LocalBusSettings::default()).unwrap();
    assert_eq!(bus.dead_letters(&Group(ALARM_MAIL.to_owned()), 10).await.unwrap(), []);
    bus.close().await;
}

/// How many alarms had a second mail.
fn check(sink: &SmtpSink, rows: &Rows, doubts: &BTreeMap<String, u64>) -> u64 {
    let mut mails: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mail in sink.mails() {
        mails.entry(header(&mail, "To")).or_default().push(header(&mail, "Message-ID"));
    }
    let mut seconds = 0;
    for number in 1..=ALARMS {
        let ids = mails.remove(&address(number)).unwrap_or_default();
        let Some(id) = ids.first() else { panic!("alarm {number} has no mail") };
        assert!(ids.iter().all(|other| other == id), "alarm {number}: {ids:?}");
        let doubts = doubts.get(id).copied().unwrap_or_default();
        assert!(ids.len() <= 2, "alarm {number} has {} mails", ids.len());
        assert!(ids.len() as u64 <= 1 + doubts, "alarm {number} has a second mail without a doubt");
        if ids.len() == 2 {
            assert_eq!(rows.count(&format!("message_id = '{id}' AND repeats = 1")), 1, "it is not counted");
            seconds += 1;
        }
    }
    assert!(mails.is_empty(), "{mails:?}");
    seconds
}

impl Rows {
    fn url(&self) -> String {
        match self {
            Self::Postgres(server, name) => server.url(name),
            Self::Sqlite(folder) => format!("sqlite://{}", folder.path().join("store.sqlite").display()),
        }
    }

    /// One column of the effects for which `condition` holds.
    fn select(&self, column: &str, condition: &str) -> Vec<String> {
        let sql = format!("SELECT {column} FROM effects WHERE {condition}");
        match self {
            Self::Postgres(server, name) => server.rows(name, &sql),
            Self::Sqlite(folder) => {
                let database = Connection::open(folder.path().join("store.sqlite")).unwrap();
                database.busy_timeout(DEADLINE).unwrap();
                let mut statement = database.prepare(&sql).unwrap();
                let rows = statement.query_map([], |row| row.get(0)).unwrap();
                rows.collect::<Result<_, _>>().unwrap()
            }
        }
    }

    fn count(&self, condition: &str) -> u64 {
        self.select("message_id", condition).len() as u64
    }

    /// The Message-IDs of mails that may have been taken.
    fn in_doubt(&self) -> Vec<String> {
        self.select("message_id", "state = 'sending'")
    }
}
