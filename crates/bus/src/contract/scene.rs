//! What the cases are played with: a bus under test, messages, listeners that record.

mod recorder;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use mailbox_event::{AccountToken, EventId, RelayId};

pub(super) use recorder::{How, Recorder};

use crate::{
    Backoff, Bus, Group, GroupSettings, JobKind, Key, LiveKind, Message, Registration, Topic, Urgency,
};

/// An implementation under test.
#[async_trait]
pub trait Fixture: Send + Sync + 'static {
    /// The first node of the bus; the same one until a restart.
    async fn bus(&self) -> Arc<dyn Bus>;

    /// A further node of the same bus, with registrations of its own.
    async fn another_node(&self) -> Arc<dyn Bus>;

    /// Ends every node and starts the bus again over what is durable. Registrations from before are gone.
    async fn restart(&self) -> Arc<dyn Bus>;

    /// A bus of its own, on the same clock, until the fixture goes.
    async fn another_bus(&self) -> Arc<dyn Bus>;

    /// Ends every node in order. Calls to them fail from then on; [`Self::restart`] starts them again.
    async fn stop(&self);

    /// Ends every node as the death of its process does, with nothing finished and nothing tidied, and starts the bus
    /// again over what is durable.
    async fn kill(&self) -> Arc<dyn Bus>;

    /// Lets `duration` pass for the bus: by moving its clock, or by waiting.
    async fn pass(&self, duration: Duration);

    /// Waits until the bus has nothing to do: what was due was begun, and what ended is settled. What waits then
    /// waits for time, or for somebody.
    async fn settled(&self);
}

/// One case's bus, and time.
pub struct Scene {
    fixture: Box<dyn Fixture>,
}

/// A case that is not done by then has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// How much time passes between two looks at a condition.
const STEP: Duration = Duration::from_millis(5);

/// Steps after which something that did not happen will not happen: as long as the longest wait of [`settings`].
const QUIET_STEPS: usize = 20;

impl Scene {
    /// A scene on a fresh bus.
    pub fn new(fixture: impl Fixture) -> Self {
        Self { fixture: Box::new(fixture) }
    }

    pub(super) async fn bus(&self) -> Arc<dyn Bus> {
        self.fixture.bus().await
    }

    pub(super) async fn nodes(&self) -> (Arc<dyn Bus>, Arc<dyn Bus>) {
        (self.fixture.bus().await, self.fixture.another_node().await)
    }

    pub(super) async fn restart(&self) -> Arc<dyn Bus> {
        self.fixture.restart().await
    }

    pub(super) async fn another_node(&self) -> Arc<dyn Bus> {
        self.fixture.another_node().await
    }

    pub(super) async fn another_bus(&self) -> Arc<dyn Bus> {
        self.fixture.another_bus().await
    }

    pub(super) async fn stop(&self) {
        self.fixture.stop().await;
    }

    pub(super) async fn kill(&self) -> Arc<dyn Bus> {
        self.fixture.kill().await
    }

    pub(super) async fn pass(&self, duration: Duration) {
        self.fixture.pass(duration).await;
        self.fixture.settled().await;
    }

    /// Lets time pass until `condition` holds.
    pub(super) async fn until<C>(&self, what: &str, mut condition: C)
    where
        C: AsyncFnMut() -> bool,
    {
        let start = Instant::now();
        while !condition().await {
            assert!(start.elapsed() < PATIENCE, "in vain: {what}");
            self.pass(STEP).await;
        }
    }

    /// Waits until `recorder` was run `count` times.
    pub(super) async fn until_runs(&self, recorder: &Recorder, count: usize) {
        self.until(&format!("{count} runs"), async || recorder.runs() >= count).await;
        assert_eq!(recorder.runs(), count);
    }

    /// Lets time pass in which something wrong could happen.
    pub(super) async fn quiet(&self) {
        for _ in 0..QUIET_STEPS {
            self.pass(STEP).await;
        }
    }

    /// Waits until the group has `count` dead letters.
    pub(super) async fn until_dead(&self, bus: &Arc<dyn Bus>, group: &Group, count: usize) {
        let has_died =
            async || bus.dead_letters(group, 100).await.expect("dead letters are listed").len() == count;
        self.until(&format!("{count} dead letters"), has_died).await;
    }
}

pub(super) const ALICE: AccountToken = AccountToken([1; 16]);
pub(super) const BOB: AccountToken = AccountToken([2; 16]);
pub(super) const KEY_A: Key = Key(ALICE);
pub(super) const KEY_B: Key = Key(BOB);

pub(super) fn group_a() -> Group {
    Group("a".to_owned())
}

pub(super) fn group_b() -> Group {
    Group("b".to_owned())
}

pub(super) fn id(sequence: u64) -> EventId {
    EventId { relay: RelayId(u64::MAX - 7), sequence }
}

/// An ordinary job.
pub(super) fn job(sequence: u64) -> Message {
    job_of(Urgency::Normal, JobKind::Alarm, sequence)
}

pub(super) fn job_of(urgency: Urgency, kind: JobKind, sequence: u64) -> Message {
    Message { id: id(sequence), topic: Topic::Job(urgency, kind, ALICE), payload: payload(sequence) }
}

/// A one-shot event.
pub(super) fn live(sequence: u64) -> Message {
    Message {
        id: id(sequence),
        topic: Topic::Live(ALICE, LiveKind::CalendarAlert),
        payload: payload(sequence),
    }
}

/// The same message with nothing in it.
pub(super) fn noop(message: Message) -> Message {
    Message { payload: Bytes::new(), ..message }
}

pub(super) fn payload(sequence: u64) -> Bytes {
    Bytes::from(format!("payload {sequence}"))
}

/// Ten at a time, three retries after 10, 20 and 40 ms at most.
pub(super) fn settings() -> GroupSettings {
    GroupSettings {
        kinds: JobKind::ALL.to_vec(),
        concurrency: 10,
        run_timeout: Duration::from_mins(10),
        backoff: Backoff {
            retries: 3,
            first: Duration::from_millis(10),
            factor: 2,
            longest: Duration::from_millis(100),
        },
    }
}

/// One at a time, so that order can be seen.
pub(super) fn one_at_a_time() -> GroupSettings {
    GroupSettings { concurrency: 1, ..settings() }
}

/// Registers a group with the ordinary settings.
pub(super) async fn register(bus: &Arc<dyn Bus>, group: Group, listener: &Arc<Recorder>) -> Registration {
    bus.register_group(group, settings(), listener.clone()).await.expect("group is registered")
}

pub(super) async fn register_key(bus: &Arc<dyn Bus>, key: Key, listener: &Arc<Recorder>) -> Registration {
    bus.register_key(key, listener.clone()).await.expect("key is registered")
}

pub(super) async fn dispatch(bus: &Arc<dyn Bus>, message: Message, keys: &[Key]) {
    bus.dispatch(message, keys).await.expect("message is dispatched");
}
