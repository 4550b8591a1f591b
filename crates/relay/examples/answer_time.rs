//! How long Cyrus waits: senders like Cyrus' own (a blocking connection per notification) against a relay with a bus
//! on disk. Prints percentiles of connect to answer.
//!
//! `cargo run --release -p relay --example answer_time -- <senders> <notifications of each> [<per second> [down]]`
//!
//! `<per second>` is the rate of all senders together, 0 for full speed. With `down` the bus is closed and
//! refuses everything: the spool keeps it.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::{
    error::Error,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bus_local::{LocalBus, LocalBusSettings};
use cyrus::{Notice, dlist};
use kit::{drain::Drain, readiness::Readiness};
use mailbox_event::{AccountTokens, Naming};
use prometheus_client::registry::Registry;
use relay::{Activated, Deps, Relay, Settings, clock, settings::SpoolSettings};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What is measured.
struct Load {
    senders: usize,
    /// Notifications of each.
    each: usize,
    /// Between two notifications of one sender; zero is full speed.
    every: Duration,
    is_down: bool,
}

impl Load {
    fn of(mut arguments: impl Iterator<Item = String>) -> Outcome<Self> {
        let mut number = |default: usize| arguments.next().map_or(Ok(default), |text| text.parse::<usize>());
        let (senders, each, rate) = (number(4)?, number(5000)?, number(0)?);
        let every = if rate == 0 { Duration::ZERO } else { Duration::from_secs(1) / rate.try_into()? };
        let every = every * senders.try_into()?;
        Ok(Self { senders, each, every, is_down: arguments.next().is_some_and(|word| word == "down") })
    }
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let load = Load::of(std::env::args().skip(1))?;
    let folder = tempfile::tempdir()?;
    let drain = Drain::new();
    let bus = LocalBus::open(&folder.path().join("bus.db"), LocalBusSettings::default())?;
    if load.is_down {
        bus.close().await;
    }
    let running = tokio::spawn(start(folder.path(), bus)?.run(drain.clone()));
    let path = folder.path().join("dlist");
    let began = Instant::now();
    let sender = |sender| {
        let (path, each, every) = (path.clone(), load.each, load.every);
        // Not all at the same moment.
        let first = began + every * u32::try_from(sender).unwrap_or(0) / 4;
        thread::spawn(move || send_all(&path, sender, each, every, first))
    };
    let threads: Vec<_> = (0..load.senders).map(sender).collect();
    let mut times = Vec::new();
    for thread in threads {
        times.extend(thread.join().map_err(|_| "a sender panicked")??);
    }
    let took = began.elapsed();
    drain.begin();
    running.await??;
    times.sort_unstable();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    println!(
        "{} senders, bus {}, {} notifications, {:.0}/s: p50 {:?}, p99 {:?}, p99.9 {:?}, longest {:?}",
        load.senders,
        if load.is_down { "down" } else { "up" },
        times.len(),
        times.len() as f64 / took.as_secs_f64(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
    Ok(())
}

fn start(folder: &Path, bus: LocalBus) -> Outcome<Relay> {
    let settings = Settings {
        dlist: Some(folder.join("dlist")),
        drain_deadline: Duration::from_secs(1),
        spool: SpoolSettings { folder: folder.join("spool"), ..SpoolSettings::default() },
        ..Settings::default()
    };
    let deps = Deps {
        bus: Arc::new(bus),
        tokens: AccountTokens::new(b"key"),
        naming: Naming::new("example.org"),
        registry: &mut Registry::default(),
        gate: Readiness::new().gate("relay"),
        activated: Activated::none(),
        clock: clock::system,
    };
    Ok(Relay::bind(settings, deps)?)
}

fn send_all(
    path: &Path,
    sender: usize,
    each: usize,
    every: Duration,
    first: Instant,
) -> Outcome<Vec<Duration>> {
    let mut next = first;
    let mut times = Vec::with_capacity(each);
    for number in 0..each {
        while let Some(early) = next.checked_duration_since(Instant::now()).filter(|early| !early.is_zero()) {
            thread::park_timeout(early);
        }
        times.push(send(path, sender, number)?);
        next += every;
    }
    Ok(times)
}

fn send(path: &Path, sender: usize, number: usize) -> Outcome<Duration> {
    let octets = dlist::write(&notice(sender, number));
    let began = Instant::now();
    let mut stream = UnixStream::connect(path)?;
    stream.write_all(&octets)?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer)?;
    let took = began.elapsed();
    if answer == *dlist::OK { Ok(took) } else { Err("refused".into()) }
}

/// As long as Cyrus' own, with the usual parameters.
fn notice(sender: usize, number: usize) -> Notice {
    let filler = "x".repeat(500);
    let message = format!(
        r#"{{"event":"MailboxModseq","mailboxID":"m{sender}","uri":"imap://h/user/u{sender};UIDVALIDITY=1700000000",
"user":"","vnd.cmu.mbtype":"e","vnd.cmu.sessionId":"{filler}","vnd.fastmail.counters":
"9 {number} {number} 0 0 0 1 0 0 0 0 0 1700000000"}}"#
    );
    Notice {
        method: "pusher".to_owned(),
        class: "EVENT".to_owned(),
        message: message.into_bytes(),
        ..Notice::default()
    }
}
