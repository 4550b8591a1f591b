//! What the bus costs on a NATS: reads of states one after the other, as a stream does when it connects; puts of states
//! with many in flight, as relay does, beside raw publishing of the same; and registrations.
//!
//! `cargo run --release -p bus-nats --example figures -- nats://127.0.0.1:4222 <seconds> <in flight> <registrations>`
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::{
    error::Error,
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use async_nats::{HeaderMap, jetstream};
use async_trait::async_trait;
use bus::{Bus, Failure, Key, KeyListener, Message, Registration, Retained};
use bus_nats::{NatsBus, NatsSettings};
use bus_node::Surroundings;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use mailbox_event::{AccountToken, EventId, RelayId};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// As many as a node has streams in the benchmark of streams.
const ACCOUNTS: usize = 10_000;

/// About what the vector of an account takes.
const VALUE: usize = 200;

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

fn percentile(times: &[Duration], part: f64) -> Duration {
    times[((times.len() - 1) as f64 * part) as usize]
}

fn print(what: &str, mut times: Vec<Duration>, took: Duration) {
    times.sort_unstable();
    let (median, late) = (percentile(&times, 0.5), percentile(&times, 0.99));
    println!("{what}: {:.0}/s, p50 {median:?}, p99 {late:?}", times.len() as f64 / took.as_secs_f64());
}

/// Each of `in_flight` writers puts states of accounts of its own, one after the other.
async fn put(bus: &NatsBus, in_flight: usize, lasts: Duration) -> Outcome<()> {
    let start = Instant::now();
    let writers = stream::iter(0..in_flight).map(|writer| async move {
        let mut revisions = vec![None; ACCOUNTS.div_ceil(in_flight)];
        let mut times = Vec::new();
        for turn in 0.. {
            let begun = Instant::now();
            if start.elapsed() > lasts {
                break;
            }
            let place = turn % revisions.len();
            let account = account(place * in_flight + writer);
            let cause = EventId { relay: RelayId(writer as u64), sequence: turn as u64 };
            if revisions[place].is_none() {
                revisions[place] = bus.state(account).await?.map(|state| state.revision);
            }
            let value = Bytes::from(vec![7; VALUE]);
            revisions[place] = Some(bus.put_state(account, value, revisions[place], cause).await?);
            times.push(begun.elapsed());
        }
        Outcome::Ok(times)
    });
    let times: Vec<_> = writers.buffer_unordered(in_flight).try_collect().await?;
    print(&format!("put_state, {in_flight} in flight"), times.concat(), start.elapsed());
    Ok(())
}

/// The same messages without the bus.
async fn publish(url: &str, in_flight: usize, lasts: Duration) -> Outcome<()> {
    let context = jetstream::new(async_nats::connect(url).await?);
    let start = Instant::now();
    let writers = stream::iter(0..in_flight).map(|writer| {
        let context = context.clone();
        async move {
            let mut times = Vec::new();
            for turn in 0_usize.. {
                let begun = Instant::now();
                if start.elapsed() > lasts {
                    break;
                }
                let account = account(turn % ACCOUNTS.div_ceil(in_flight) * in_flight + writer);
                let mut headers = HeaderMap::new();
                headers.insert("Mailpush-Id", format!("{writer:016x}-{turn}"));
                let subject = format!("figures.state.{}.{account}", account.shard());
                let value = Bytes::from(vec![7; VALUE]);
                context.publish_with_headers(subject, headers, value).await?.await?;
                times.push(begun.elapsed());
            }
            Outcome::Ok(times)
        }
    });
    let times: Vec<_> = writers.buffer_unordered(in_flight).try_collect().await?;
    print(
        &format!("raw publish without compare-and-set, {in_flight} in flight"),
        times.concat(),
        start.elapsed(),
    );
    Ok(())
}

async fn read(bus: &NatsBus, lasts: Duration) -> Outcome<()> {
    let (start, mut times) = (Instant::now(), Vec::new());
    for turn in 0_usize.. {
        let begun = Instant::now();
        if start.elapsed() > lasts {
            break;
        }
        bus.state(account(turn.wrapping_mul(7919) % ACCOUNTS)).await?;
        times.push(begun.elapsed());
    }
    print("state, one after the other", times, start.elapsed());
    Ok(())
}

/// Resident memory of this process in KiB.
fn resident() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.split_whitespace().nth(1).ok_or("no number")?.parse()?)
}

async fn register(bus: &NatsBus, count: usize) -> Outcome<Vec<Registration>> {
    let (start, before) = (Instant::now(), resident()?);
    let listener: Arc<dyn KeyListener> = Arc::new(Quiet);
    let registered = stream::iter(0..count)
        .map(|number| bus.register_key(Key(account(number)), listener.clone()))
        .buffer_unordered(256)
        .try_collect()
        .await?;
    let each = resident()?.saturating_sub(before) as f64 / count.max(1) as f64;
    println!("{count} registrations: {:?}, {each:.2} KiB each", start.elapsed());
    Ok(registered)
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("which NATS?")?;
    let lasts = Duration::from_secs(arguments.next().unwrap_or_default().parse()?);
    let in_flight = arguments.next().unwrap_or_default().parse()?;
    let count = arguments.next().unwrap_or_default().parse()?;
    let settings =
        NatsSettings { servers: vec![url.clone()], prefix: "figures".to_owned(), ..NatsSettings::default() };
    let bus = NatsBus::connect(settings, Surroundings::default()).await?;
    publish(&url, in_flight, lasts).await?;
    put(&bus, in_flight, lasts).await?;
    read(&bus, lasts).await?;
    let registered = register(&bus, count).await?;
    put(&bus, in_flight, lasts).await?;
    println!("{:?}, {} registrations", bus.counts(), registered.len());
    Ok(())
}
