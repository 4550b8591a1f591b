//! What a server sends to whom, by its own count.

use std::{collections::BTreeSet, sync::Arc};

use bus::{Bus, Key};
use bus_nats::{Mode, NatsBus, NatsSettings};
use serde_json::Value;
use testkit::nats::{Nats, Version};

use crate::{
    server::installation,
    support::{ALICE, BOB, Heard, node, put_states},
};

/// A node, and the number that the server gave its connection.
async fn counted(server: &Nats, settings: &NatsSettings) -> (NatsBus, u64) {
    let before = connections(server).await;
    let node = node(settings).await;
    let connection = *connections(server).await.difference(&before).next().unwrap();
    (node, connection)
}

async fn connections(server: &Nats) -> BTreeSet<u64> {
    let all = server.connz().await;
    all["connections"].as_array().unwrap().iter().map(|one| one["cid"].as_u64().unwrap()).collect()
}

/// Messages that the server sent to a connection. Not those in its inbox: a node asks how the streams are from time to
/// time, and is answered.
async fn sent(server: &Nats, connection: u64) -> u64 {
    let all = server.monitoring("connz?subs=detail&limit=10000").await;
    let of = |one: &&Value| one["cid"] == connection;
    let one = all["connections"].as_array().unwrap().iter().find(of).unwrap();
    let subscriptions = one["subscriptions_list_detail"].as_array().unwrap();
    assert!(!subscriptions.is_empty(), "it has an inbox");
    let told = subscriptions.iter().filter(|one| !one["subject"].as_str().unwrap().starts_with("_INBOX"));
    told.map(|one| one["msgs"].as_u64().unwrap()).sum()
}

pub async fn a_node_without_a_listener_of_an_account_is_sent_nothing_of_it(version: Version) {
    let server = Nats::start(version).await;
    let settings = installation(&server);
    let (listening, of_listening) = counted(&server, &settings).await;
    let (other, of_other) = counted(&server, &settings).await;
    let (writer, _) = counted(&server, &settings).await;
    let (heard, of_bob) = (Arc::new(Heard::default()), Arc::new(Heard::default()));
    let _held = listening.register_key(Key(ALICE), heard.clone()).await.unwrap();
    let _bobs = other.register_key(Key(BOB), of_bob.clone()).await.unwrap();
    let before = (sent(&server, of_listening).await, sent(&server, of_other).await);

    put_states(&writer, ALICE, 0..100).await;
    heard.ends_with(99).await;
    let after = (sent(&server, of_listening).await, sent(&server, of_other).await);
    assert_eq!(after, (before.0 + 100, before.1), "what was sent to each");

    put_states(&writer, BOB, 0..10).await;
    of_bob.ends_with(9).await;
    assert_eq!((sent(&server, of_listening).await, sent(&server, of_other).await), (after.0, after.1 + 10));
}

pub async fn in_broadcast_mode_every_node_is_sent_everything_and_tells_its_own(version: Version) {
    let server = Nats::start(version).await;
    let settings = NatsSettings { mode: Mode::Broadcast, ..installation(&server) };
    let (listening, _) = counted(&server, &settings).await;
    let (_other, of_other) = counted(&server, &settings).await;
    let (writer, _) = counted(&server, &settings).await;
    let heard = Arc::new(Heard::default());
    let held = listening.register_key(Key(ALICE), heard.clone()).await.unwrap();
    let before = sent(&server, of_other).await;
    put_states(&writer, BOB, 0..10).await;
    put_states(&writer, ALICE, 0..10).await;
    heard.ends_with(9).await;
    assert_eq!(heard.all().len(), 10, "only its own account's");
    assert_eq!(sent(&server, of_other).await, before + 20);
    held.unregister();
    put_states(&writer, ALICE, 10..20).await;
    listening.health().await.unwrap();
    assert_eq!(heard.all().len(), 10);
}
