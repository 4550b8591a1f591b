//! A server that hangs, with its connection open.

use std::time::Duration;

use bus::{Bus, Key, LiveKind, Message, Topic};
use bus_nats::{NatsBus, NatsSettings};
use bytes::Bytes;
use mailbox_event::AccountToken;
use testkit::nats::{Nats, Version};
use tokio::{task::JoinSet, time::timeout};

use crate::{
    scene::{LONG, Node, Outcome, Runs, job, settings},
    server::installation,
};

/// A group asks its server again after six seconds without an answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);
const ROUNDS: u64 = 4;

/// One round trip, one message and the goodbye, none of which the server takes; a request for a job at each of the group's
/// consumers would be as much again, and the goodbye alone could take for ever.
const AT_MOST: Duration = Duration::from_secs(10);

/// More than the client's queue holds.
const MESSAGES: u64 = 2500;

/// More of these than the sockets hold.
const LARGE: (u64, usize) = (20, 900 << 10);

const ALICE: AccountToken = AccountToken([1; 16]);

fn message(sequence: u64) -> Message {
    let (most, octets) = LARGE;
    let octets = if sequence < most { octets } else { 1 };
    let topic = Topic::Live(ALICE, LiveKind::Revoked);
    Message { topic, payload: Bytes::from(vec![b'x'; octets]), ..job(sequence) }
}

/// Sends until the client's queue has been full for as long as one waits for it.
async fn fill(bus: &NatsBus) {
    let mut sending = JoinSet::new();
    for sequence in 0..MESSAGES {
        let bus = bus.clone();
        sending.spawn(async move { bus.dispatch(message(sequence), &[Key(ALICE)]).await });
    }
    let sent = sending.join_all().await;
    assert!(sent.iter().all(Result::is_err), "nobody answers");
}

pub async fn a_node_whose_server_hangs_ends_all_the_same(version: Version) {
    let server = Nats::start(version).await;
    let node = Node::start(&NatsSettings { request_timeout: REQUEST_TIMEOUT, ..installation(&server) }).await;
    let runs = Runs::new(|_, _| Outcome::Done);
    let held = node.register(settings(2, LONG), &runs).await;
    server.pause();
    for _ in 0..ROUNDS {
        fill(&node.bus).await;
    }
    held.unregister();
    timeout(AT_MOST, node.bus.close()).await.unwrap();
    server.resume();
}
