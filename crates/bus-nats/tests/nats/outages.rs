//! Servers that go and come, and nodes that do not keep up.

use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use bus::{Bucket, Bus, BusError, Key, PutError, Retained};
use bus_nats::{Bounds, NatsBus, NatsSettings};
use bus_node::{ManualClock, Surroundings};
use mailbox_event::UnixMillis;
use testkit::{
    eventually,
    nats::{Nats, Version},
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::oneshot,
};

use crate::{
    server::installation,
    support::{ALICE, Heard, PATIENCE, id, node, put_states, text},
};

/// A runtime whose only thread can be had to stand still, and with it whatever runs there.
struct OneThread(Option<Runtime>);

impl OneThread {
    fn new() -> Self {
        Self(Some(Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()))
    }

    async fn node(&self, settings: NatsSettings) -> NatsBus {
        let connecting = NatsBus::connect(settings, Surroundings::default());
        self.0.as_ref().unwrap().spawn(connecting).await.unwrap().unwrap()
    }

    /// From when this returns until what it gives is dropped.
    async fn stand_still(&self) -> mpsc::Sender<()> {
        let (go_on, stands_still) = mpsc::channel();
        let (tell, begins) = oneshot::channel();
        self.0.as_ref().unwrap().spawn(async move {
            tell.send(()).unwrap();
            // Ends with an error: nothing is ever sent.
            stands_still.recv().unwrap_err();
        });
        begins.await.unwrap();
        go_on
    }
}

impl Drop for OneThread {
    fn drop(&mut self) {
        // One that is dropped in a test would wait for its thread, which a runtime forbids.
        self.0.take().unwrap().shutdown_background();
    }
}

pub async fn a_node_that_could_not_keep_up_converges(version: Version) {
    let server = Nats::start(version).await;
    let settings = installation(&server);
    let small =
        NatsSettings { bounds: Bounds { key_queue: 2, ..settings.bounds.clone() }, ..settings.clone() };
    let writer = node(&settings).await;
    let thread = OneThread::new();
    let slow = thread.node(small).await;
    let heard = Arc::new(Heard::default());
    let _held = slow.register_key(Key(ALICE), heard.clone()).await.unwrap();

    let standing_still = thread.stand_still().await;
    put_states(&writer, ALICE, 0..200).await;
    drop(standing_still);

    heard.ends_with(199).await;
    assert!(slow.counts().slow_consumer > 0, "states were dropped: {:?}", slow.counts());
    assert!(heard.all().len() < 200);
}

/// Waits until a state is put after an outage, and puts it once.
async fn put_again(writer: &NatsBus, value: u64) {
    let put = async || {
        let last = writer.state(ALICE).await.ok()?;
        // The answer to the last attempt may have been lost.
        if last.as_ref().is_some_and(|state| state.value == text(value)) {
            return Some(());
        }
        let revision = last.map(|state| state.revision);
        writer.put_state(ALICE, text(value), revision, id(value)).await.ok().map(drop)
    };
    eventually(PATIENCE, "a state is put", put).await;
}

pub async fn a_registration_outlives_the_death_of_the_server(version: Version) {
    let mut server = Nats::start(version).await;
    let settings = installation(&server);
    let (writer, thread) = (node(&settings).await, OneThread::new());
    let listening = thread.node(settings).await;
    let heard = Arc::new(Heard::default());
    let _held = listening.register_key(Key(ALICE), heard.clone()).await.unwrap();
    put_states(&writer, ALICE, 0..3).await;
    heard.ends_with(2).await;

    server.kill();
    let is_away = async || listening.health().await.is_err().then_some(());
    eventually(PATIENCE, "the outage is seen", is_away).await;
    let standing_still = thread.stand_still().await;
    server.restart().await;
    put_again(&writer, 3).await;
    drop(standing_still);
    heard.ends_with(3).await;
    assert_eq!(listening.counts().healed, 1, "it was written while nobody listened");

    put_again(&writer, 4).await;
    heard.ends_with(4).await;
    assert_eq!(heard.all().len(), 5, "each once: {:?}", heard.all());
}

pub async fn an_empty_server_is_made_ready_and_filled_again(version: Version) {
    let mut server = Nats::start(version).await;
    let settings = installation(&server);
    let (writer, listening) = (node(&settings).await, node(&settings).await);
    let heard = Arc::new(Heard::default());
    let _held = listening.register_key(Key(ALICE), heard.clone()).await.unwrap();
    put_states(&writer, ALICE, 0..5).await;
    heard.ends_with(4).await;

    server.restart_empty().await;
    put_again(&writer, 5).await;
    heard.ends_with(5).await;
    for value in 6..12 {
        put_again(&writer, value).await;
        heard.ends_with(value).await;
    }
    let is_ready = async || (writer.health().await.is_ok() && listening.health().await.is_ok()).then_some(());
    eventually(PATIENCE, "every stream is there again", is_ready).await;
    writer.put(Bucket::Leases, "key", text(1), Duration::from_secs(60)).await.unwrap();
}

pub async fn a_server_that_is_replaced_during_healing_is_made_ready(version: Version) {
    let mut server = Nats::start(version).await;
    let clock = ManualClock::new(UnixMillis(1_700_000_000_000));
    // The longest of every wait: healing begins with one, on a clock that stands still.
    let surroundings = Surroundings { clock: Arc::new(clock.clone()), jitter: Arc::new(|longest| longest) };
    let bus = NatsBus::connect(installation(&server), surroundings).await.unwrap();
    let _held = bus.register_key(Key(ALICE), Arc::new(Heard::default())).await.unwrap();
    let is_ready = async || bus.health().await.is_ok().then_some(());
    let is_connected_again = async |count| (bus.counts().connections == count).then_some(());

    server.kill();
    server.restart().await;
    eventually(PATIENCE, "there is a second connection", async || is_connected_again(2).await).await;
    eventually(PATIENCE, "the streams are found again", is_ready).await;
    server.restart_empty().await;
    eventually(PATIENCE, "there is a third connection", async || is_connected_again(3).await).await;
    let is_ready = async || {
        clock.advance(Duration::from_secs(1));
        is_ready().await
    };
    eventually(PATIENCE, "the streams are made on the empty server", is_ready).await;
}

pub async fn calls_fail_at_once_while_the_server_is_away(version: Version) {
    let mut server = Nats::start(version).await;
    let bus = node(&installation(&server)).await;
    server.kill();
    let is_away = async || bus.health().await.is_err().then_some(());
    eventually(PATIENCE, "the outage is seen", is_away).await;
    let start = Instant::now();
    assert!(matches!(bus.state(ALICE).await, Err(BusError::Unavailable(_))));
    let put = bus.put_state(ALICE, text(1), None, id(1)).await;
    assert!(matches!(put, Err(PutError::Bus(BusError::Unavailable(_)))));
    assert!(matches!(bus.get(Bucket::Leases, "key").await, Err(BusError::Unavailable(_))));
    let registered = bus.register_key(Key(ALICE), Arc::new(Heard::default())).await;
    assert!(matches!(registered, Err(BusError::Unavailable(_))));
    assert!(start.elapsed() < Duration::from_secs(1), "nobody waits: {:?}", start.elapsed());
}

pub async fn a_bus_that_is_started_first_is_ready_when_the_server_comes(version: Version) {
    let mut server = Nats::start(version).await;
    let settings = installation(&server);
    server.kill();
    let bus = NatsBus::start(settings, Surroundings::default()).await.unwrap();
    assert!(matches!(bus.state(ALICE).await, Err(BusError::Unavailable(_))));
    server.restart().await;
    bus.ready().await.unwrap();
    assert_eq!(bus.state(ALICE).await.unwrap(), None);
}
