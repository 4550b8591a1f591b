//! How many jobs go through a group in a second, and how soon a new one runs beside many that wait. Takes the address of
//! a server, a number of jobs, and how many run at the same time: `group_rate nats://127.0.0.1:4222 20000 10`.

use std::{
    env,
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bus::{
    Attempt, Backoff, Bus, Failure, Group, GroupListener, GroupSettings, JobKind, Message, Topic, Urgency,
};
use bus_nats::{NatsBus, NatsSettings};
use bus_node::Surroundings;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use mailbox_event::{AccountToken, EventId, RelayId};
use tokio::sync::Notify;

/// Dispatches that wait for their answer at the same time.
const AT_ONCE: usize = 64;

/// A wait that the run does not see the end of.
const LONG: Duration = Duration::from_hours(1);

/// Counts what it is given; the first `fails` of it fail.
#[derive(Default)]
struct Counting {
    runs: AtomicUsize,
    fails: AtomicUsize,
    wake: Notify,
}

impl Counting {
    async fn until(&self, runs: usize) {
        while self.runs.load(Ordering::SeqCst) < runs {
            self.wake.notified().await;
        }
    }
}

#[async_trait]
impl GroupListener for Counting {
    async fn run(&self, _: Message, _: Attempt) -> Result<(), Failure> {
        let before = self.runs.fetch_add(1, Ordering::SeqCst);
        self.wake.notify_one();
        if before < self.fails.load(Ordering::SeqCst) { Err(Failure::Retry("later".into())) } else { Ok(()) }
    }
}

fn job(sequence: usize) -> Message {
    Message {
        id: EventId { relay: RelayId(u64::from(std::process::id())), sequence: sequence as u64 },
        topic: Topic::Job(Urgency::Normal, JobKind::Alarm, AccountToken([1; 16])),
        payload: Bytes::from(vec![1; 512]),
    }
}

async fn dispatch(bus: &NatsBus, jobs: std::ops::Range<usize>) -> Result<(), Box<dyn Error>> {
    let dispatched = stream::iter(jobs).map(async |sequence| bus.dispatch(job(sequence), &[]).await);
    Ok(dispatched.buffer_unordered(AT_ONCE).try_collect().await?)
}

fn report(what: &str, count: usize, start: Instant) {
    let seconds = start.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, clippy::print_stdout, reason = "a figure for a reader")]
    {
        println!("{what}: {count} in {seconds:.3} s, {:.0} per second", count as f64 / seconds);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let server = arguments.next().ok_or("say the address of a server")?;
    let count: usize = arguments.next().ok_or("say how many jobs")?.parse()?;
    let concurrency = arguments.next().ok_or("say how many run at once")?.parse()?;
    let settings = NatsSettings {
        servers: vec![server],
        prefix: format!("rate{}", std::process::id()),
        ..NatsSettings::default()
    };
    let bus =
        NatsBus::connect(settings, Surroundings { jitter: Arc::new(|wait| wait), ..Surroundings::default() })
            .await?;
    let backoff = Backoff { retries: 3, first: LONG, factor: 1, longest: LONG };
    let group = GroupSettings { kinds: vec![JobKind::Alarm], concurrency, run_timeout: LONG, backoff };
    let (name, listener) = (Group("rate".to_owned()), Arc::new(Counting::default()));
    bus.register_group(name.clone(), group.clone(), listener.clone()).await?.unregister();
    let start = Instant::now();
    dispatch(&bus, 0..count).await?;
    report("dispatched", count, start);
    let start = Instant::now();
    let held = bus.register_group(name, group, listener.clone()).await?;
    listener.until(count).await;
    report("run from a backlog", count, start);
    let start = Instant::now();
    dispatch(&bus, count..2 * count).await?;
    listener.until(2 * count).await;
    report("dispatched and run beside each other", count, start);
    new_beside_parked(&bus, &listener, 2 * count).await?;
    held.unregister();
    bus.close().await;
    Ok(())
}

/// Jobs that wait for their next attempt while new ones come.
const PARKED: usize = 1000;

/// New ones.
const FRESH: usize = 200;

async fn new_beside_parked(bus: &NatsBus, listener: &Counting, run: usize) -> Result<(), Box<dyn Error>> {
    measure_fresh(bus, listener, run, "with nothing parked").await?;
    let run = run + FRESH;
    listener.fails.store(run + PARKED, Ordering::SeqCst);
    let start = Instant::now();
    dispatch(bus, run..run + PARKED).await?;
    while bus.depth().await?.iter().any(|depth| depth.parked < PARKED as u64) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    report("failed and parked", PARKED, start);
    measure_fresh(bus, listener, run + PARKED, "beside 1,000 parked").await
}

/// One at a time, from the call to the run.
async fn measure_fresh(
    bus: &NatsBus,
    listener: &Counting,
    run: usize,
    what: &str,
) -> Result<(), Box<dyn Error>> {
    let mut delays = Vec::new();
    for fresh in 0..FRESH {
        let start = Instant::now();
        bus.dispatch(job(run + fresh), &[]).await?;
        listener.until(run + fresh + 1).await;
        delays.push(start.elapsed());
    }
    delays.sort_unstable();
    #[expect(clippy::print_stdout, reason = "a figure for a reader")]
    {
        println!("a new job {what}: p50 {:?}, p99 {:?}", delays[FRESH / 2], delays[FRESH * 99 / 100]);
    }
    Ok(())
}
