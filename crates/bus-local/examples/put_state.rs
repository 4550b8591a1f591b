//! What a change of state costs: many callers each write the STATE of accounts of their own, every account has a
//! listener, and a reader reads beside them. Prints CPU per write, and percentiles of writes and reads.
//!
//! `cargo run --release -p bus-local --example put_state -- <callers> <writes a second, 0: all there can be> <seconds>`
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::{
    error::Error,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bus::{Bus, Failure, Key, KeyListener, Message, Retained};
use bus_local::{LocalBus, LocalBusSettings};
use bytes::Bytes;
use mailbox_event::{AccountToken, EventId, RelayId};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// As many as a node has streams in the benchmark of streams.
const ACCOUNTS: usize = 10_000;

/// About what the vector of an account takes.
const VALUE: usize = 200;

/// How often the reader reads.
const READ_EVERY: Duration = Duration::from_millis(1);

struct Quiet;

#[async_trait]
impl KeyListener for Quiet {
    async fn hear(&self, _: Arc<Message>) -> Result<(), Failure> {
        Ok(())
    }
}

fn account(number: usize) -> AccountToken {
    let mut octets = [0; 16];
    octets[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    AccountToken(octets)
}

/// Writes to every `callers`th account in turn until `end`, and tells how long each write took.
async fn write(
    bus: LocalBus,
    (caller, callers): (usize, usize),
    pause: Duration,
    end: Instant,
) -> Outcome<Vec<Duration>> {
    let mut revisions = vec![None; ACCOUNTS.div_ceil(callers)];
    let mut times = Vec::new();
    let mut due = tokio::time::interval(pause.max(Duration::from_nanos(1)));
    for turn in 0_usize.. {
        if !pause.is_zero() {
            due.tick().await;
        }
        let start = Instant::now();
        if start >= end {
            break;
        }
        let place = turn % revisions.len();
        let value = Bytes::from(vec![u8::try_from(turn % 251)?; VALUE]);
        let cause = EventId { relay: RelayId(caller as u64), sequence: turn as u64 };
        let account = account(place * callers + caller);
        revisions[place] = Some(bus.put_state(account, value, revisions[place], cause).await?);
        times.push(start.elapsed());
    }
    Ok(times)
}

async fn read(bus: LocalBus, is_over: Arc<AtomicBool>) -> Outcome<Vec<Duration>> {
    let mut times = Vec::new();
    let mut due = tokio::time::interval(READ_EVERY);
    for turn in 0.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        due.tick().await;
        let start = Instant::now();
        bus.state(account(turn % ACCOUNTS)).await?;
        times.push(start.elapsed());
    }
    Ok(times)
}

/// CPU time so far, user and system, of the process or thread with this file in `/proc`, to the tick of 10 ms.
fn cpu(stat: &Path) -> Outcome<Duration> {
    let stat = std::fs::read_to_string(stat)?;
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).map(str::parse::<u64>).sum::<Result<_, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}

/// CPU time of the process, and of the writer's thread within it.
fn cpu_of_both() -> Outcome<(Duration, Duration)> {
    let mut writer = Duration::ZERO;
    for task in std::fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        if std::fs::read_to_string(task.join("comm"))?.trim() == "bus-writer" {
            writer += cpu(&task.join("stat"))?;
        }
    }
    Ok((cpu(Path::new("/proc/self/stat"))?, writer))
}

fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: f64| {
        let place = (times.len() as f64 * share) as usize;
        times.get(place.min(times.len().saturating_sub(1))).copied().unwrap_or_default()
    };
    format!("p50 {:?}, p99 {:?}, p99.9 {:?}, most {:?}", at(0.5), at(0.99), at(0.999), at(1.0))
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let mut argument = |default| arguments.next().unwrap_or(Ok(default));
    let (callers, rate, seconds) = (argument(64)?.max(1), argument(10_000)?, argument(5)?);
    let folder = tempfile::tempdir_in(".")?;
    let bus = LocalBus::open(&folder.path().join("bus.db"), LocalBusSettings::default())?;
    let mut held = Vec::new();
    for number in 0..ACCOUNTS {
        held.push(bus.register_key(Key(account(number)), Arc::new(Quiet)).await?);
    }
    let end = Instant::now() + Duration::from_secs(seconds as u64);
    let pause =
        if rate == 0 { Duration::ZERO } else { Duration::from_secs(1) * callers as u32 / rate as u32 };
    let (start, before) = (Instant::now(), cpu_of_both()?);
    let is_over = Arc::new(AtomicBool::new(false));
    let reading = tokio::spawn(read(bus.clone(), is_over.clone()));
    let writers: Vec<_> =
        (0..callers).map(|caller| tokio::spawn(write(bus.clone(), (caller, callers), pause, end))).collect();
    let mut written = Vec::new();
    for writer in writers {
        written.extend(writer.await??);
    }
    let (took, after) = (start.elapsed(), cpu_of_both()?);
    is_over.store(true, Ordering::Relaxed);
    let reads = reading.await??;
    let count = written.len();
    println!("{callers} callers, {:.0} writes/s", count as f64 / took.as_secs_f64());
    let each = |spent: Duration| spent.as_secs_f64() * 1e6 / count as f64;
    let (all, writer) = (each(after.0 - before.0), each(after.1 - before.1));
    println!("CPU per write: {all:.1} µs, callers included; the writer's thread {writer:.1} µs of it");
    println!("writes: {}", percentiles(written));
    println!("reads:  {}", percentiles(reads));
    bus.close().await;
    Ok(())
}
