//! How long Cyrus waits: senders like Cyrus' own (a blocking connection per notification) against a relay with a bus
//! on disk, at full speed. Prints percentiles of connect to answer.
//!
//! `cargo run --release -p relay --example answer_time -- <senders> <notifications of each>`
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

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let (senders, each) = (arguments.next().unwrap_or(Ok(4))?, arguments.next().unwrap_or(Ok(5000))?);
    let folder = tempfile::tempdir()?;
    let drain = Drain::new();
    let running = tokio::spawn(start(folder.path())?.run(drain.clone()));
    let path = folder.path().join("dlist");
    let began = Instant::now();
    let threads: Vec<_> = (0..senders)
        .map(|sender| {
            let path = path.clone();
            thread::spawn(move || {
                (0..each).map(|number| send(&path, sender, number)).collect::<Outcome<Vec<_>>>()
            })
        })
        .collect();
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
        "{senders} senders, {} notifications, {:.0}/s: p50 {:?}, p99 {:?}, p99.9 {:?}, longest {:?}",
        times.len(),
        times.len() as f64 / took.as_secs_f64(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
    Ok(())
}

fn start(folder: &Path) -> Outcome<Relay> {
    let settings = Settings {
        dlist: Some(folder.join("dlist")),
        spool: SpoolSettings { folder: folder.join("spool"), ..SpoolSettings::default() },
        ..Settings::default()
    };
    let deps = Deps {
        bus: Arc::new(LocalBus::open(&folder.join("bus.db"), LocalBusSettings::default())?),
        tokens: AccountTokens::new(b"key"),
        naming: Naming::new("example.org"),
        registry: &mut Registry::default(),
        gate: Readiness::new().gate("relay"),
        activated: Activated::none(),
        clock: clock::system,
    };
    Ok(Relay::bind(settings, deps)?)
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
