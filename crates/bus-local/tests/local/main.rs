//! What the bus in one process promises beyond the contract: its file, its bounds, its waits.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bus::{
    Attempt, Backoff, Bus, Execution, Failure, Group, GroupListener, GroupSettings, JobKind, Key,
    KeyListener, LiveKind, Message, Topic, Urgency,
};
use bus_local::{LocalBus, LocalBusSettings, ManualClock, Surroundings};
use bytes::Bytes;
use mailbox_event::{AccountToken, EventId, RelayId, UnixMillis};

mod bounds;
mod files;
mod foreign;
mod others;
mod reads;
mod rest;
mod states;
mod waits;

const ALICE: AccountToken = AccountToken([7; 16]);

fn group() -> Group {
    Group("g".to_owned())
}

fn id(sequence: u64) -> EventId {
    EventId { relay: RelayId(1), sequence }
}

fn job(sequence: u64) -> Message {
    let topic = Topic::Job(Urgency::Normal, JobKind::Alarm, ALICE);
    Message { id: id(sequence), topic, payload: Bytes::from_static(b"job") }
}

fn live(sequence: u64) -> Message {
    Message { topic: Topic::Live(ALICE, LiveKind::CalendarAlert), ..job(sequence) }
}

fn group_settings() -> GroupSettings {
    let backoff =
        Backoff { retries: 3, first: Duration::from_secs(1), factor: 2, longest: Duration::from_secs(60) };
    GroupSettings {
        kinds: vec![JobKind::Alarm],
        concurrency: 1,
        run_timeout: Duration::from_hours(1),
        backoff,
    }
}

/// A bus in a file of its own, on a clock that stands; waits are as long as they can be.
struct Scene {
    folder: tempfile::TempDir,
    clock: ManualClock,
    bus: LocalBus,
}

impl Scene {
    fn new(settings: LocalBusSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::new(UnixMillis(1_700_000_000_000));
        let bus = open(&folder, &clock, settings);
        Self { folder, clock, bus }
    }

    /// Does something to the file while nobody has it open.
    async fn reopen_after(self, settings: LocalBusSettings, between: impl FnOnce(&Path)) -> Self {
        self.bus.close().await;
        between(&self.folder.path().join("bus.db"));
        let bus = open(&self.folder, &self.clock, settings);
        Self { bus, ..self }
    }

    async fn register(&self, listener: &Arc<Runs>) -> bus::Registration {
        self.bus.register_group(group(), group_settings(), listener.clone()).await.unwrap()
    }

    async fn dispatch(&self, message: Message) {
        self.bus.dispatch(message, &[Key(ALICE)]).await.unwrap();
    }

    async fn pending(&self) -> u64 {
        self.bus.depth().await.unwrap().iter().map(|depth| depth.pending).sum()
    }
}

fn open(folder: &tempfile::TempDir, clock: &ManualClock, settings: LocalBusSettings) -> LocalBus {
    let surroundings = Surroundings { clock: Arc::new(clock.clone()), jitter: Arc::new(|ceiling| ceiling) };
    LocalBus::open_in(&folder.path().join("bus.db"), settings, surroundings).unwrap()
}

async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let start = std::time::Instant::now();
    while !condition().await {
        assert!(start.elapsed() < Duration::from_secs(20), "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// What a run comes to.
type Script = Box<dyn Fn(usize) -> Result<(), Failure> + Send + Sync>;

/// A listener that counts its runs and ends each as its script says.
struct Runs {
    count: AtomicUsize,
    seen: Mutex<Vec<(u64, Attempt)>>,
    script: Script,
}

impl Runs {
    fn new(script: impl Fn(usize) -> Result<(), Failure> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { count: AtomicUsize::new(0), seen: Mutex::default(), script: Box::new(script) })
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    async fn until(&self, count: usize) {
        until(&format!("{count} runs"), async || self.count() >= count).await;
        assert_eq!(self.count(), count);
    }
}

#[async_trait]
impl GroupListener for Runs {
    async fn run(&self, message: Message, attempt: Attempt) -> Result<(), Failure> {
        self.seen.lock().unwrap().push((message.id.sequence, attempt));
        (self.script)(self.count.fetch_add(1, Ordering::SeqCst))
    }
}

/// Hears asynchronously and never ends.
struct Endless;

#[async_trait]
impl KeyListener for Endless {
    fn execution(&self) -> Execution {
        Execution::Asynchronous
    }

    async fn hear(&self, _: Arc<Message>) -> Result<(), Failure> {
        std::future::pending().await
    }
}
