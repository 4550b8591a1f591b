//! What may have been missed, while the stream that would tell is gone.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream;
use bus::{Bus, Key, Registration, Retained};
use bus_nats::{NatsBus, NatsSettings};
use bus_node::{ManualClock, Surroundings};
use futures_util::{FutureExt, StreamExt};
use mailbox_event::{AccountToken, UnixMillis};
use testkit::{
    eventually,
    nats::{Nats, Version},
};
use tokio::time::timeout;

use crate::{
    server::installation,
    support::{Heard, PATIENCE, id, node, text},
};

/// More than are read at once. An even number, so that none lies at its former place when they are put in the other order.
const ACCOUNTS: u8 = 40;

fn account(number: u8) -> AccountToken {
    AccountToken([number; 16])
}

/// Has the node hear of every account.
async fn register(bus: &NatsBus, heard: &Arc<Heard>) -> Vec<Registration> {
    let mut held = Vec::new();
    for number in 0..ACCOUNTS {
        held.push(bus.register_key(Key(account(number)), heard.clone()).await.unwrap());
    }
    held
}

async fn put(writer: &NatsBus, number: u8, value: u64) {
    writer.put_state(account(number), text(value), None, id(value)).await.unwrap();
}

pub async fn states_are_healed_when_their_stream_is_back_and_asked_for_once_a_round_until_then(
    version: Version,
) {
    let mut server = Nats::start(version).await;
    let settings = installation(&server);
    let hasty = NatsSettings { request_timeout: Duration::from_millis(300), ..settings.clone() };
    // The longest of every wait: healing begins with one, on a clock that stands still.
    let clock = ManualClock::new(UnixMillis(1_700_000_000_000));
    let surroundings = Surroundings { clock: Arc::new(clock.clone()), jitter: Arc::new(|longest| longest) };
    let listening = NatsBus::connect(hasty, surroundings).await.unwrap();
    let writer = node(&settings).await;
    let heard = Arc::new(Heard::default());
    let _held = register(&listening, &heard).await;
    for number in 0..ACCOUNTS {
        put(&writer, number, number.into()).await;
    }
    let are_heard = async |count| (heard.all().len() == count).then_some(());
    eventually(PATIENCE, "all are heard", async || are_heard(ACCOUNTS.into()).await).await;

    server.kill();
    server.restart().await;
    let is_back =
        async || (listening.counts().connections == 2 && listening.health().await.is_ok()).then_some(());
    eventually(PATIENCE, "the node is back", is_back).await;
    let is_well = async || writer.health().await.is_ok().then_some(());
    eventually(PATIENCE, "the writer is back", is_well).await;

    let client = async_nats::connect(server.url()).await.unwrap();
    let context = jetstream::new(client.clone());
    let stream = format!("{}_STATE", settings.prefix);
    let config = context.get_stream(&stream).await.unwrap().cached_info().config.clone();
    context.delete_stream(&stream).await.unwrap();
    let mut reads = client.subscribe(format!("$JS.API.DIRECT.GET.{stream}.>")).await.unwrap();
    client.flush().await.unwrap();
    for _round in 0..3 {
        let is_asked = async || {
            clock.advance(Duration::from_secs(1));
            timeout(Duration::from_millis(100), reads.next()).await.ok().flatten()
        };
        eventually(PATIENCE, "a state is asked for", is_asked).await;
    }
    client.flush().await.unwrap();
    assert!(reads.next().now_or_never().is_none(), "each round asks for one");

    context.create_stream(jetstream::stream::Config { republish: None, ..config }).await.unwrap();
    for number in (0..ACCOUNTS).rev() {
        put(&writer, number, u64::from(ACCOUNTS) + u64::from(number)).await;
    }
    let are_healed = async || {
        clock.advance(Duration::from_secs(1));
        are_heard(2 * usize::from(ACCOUNTS)).await
    };
    eventually(PATIENCE, "all are healed", are_healed).await;
    assert_eq!(listening.counts().healed, u64::from(ACCOUNTS));
}
