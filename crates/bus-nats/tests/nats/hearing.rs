//! What a node makes of what comes on its subjects.

use std::sync::Arc;

use async_nats::HeaderMap;
use bus::{Bus, Key};
use bytes::Bytes;
use testkit::{
    eventually,
    nats::{Nats, Version},
};

use crate::{
    server::{installation, shared},
    support::{ALICE, Heard, PATIENCE, node, put_states, text},
};

/// Publishes as anybody could who is let.
async fn publish(server: &Nats, subject: String, headers: &[(&'static str, &str)], payload: Bytes) {
    let client = async_nats::connect(server.url()).await.unwrap();
    let mut map = HeaderMap::new();
    for &(name, value) in headers {
        map.insert(name, value);
    }
    client.publish_with_headers(subject, map, payload).await.unwrap();
    client.flush().await.unwrap();
}

pub async fn what_cannot_be_read_is_counted_and_stops_nothing(version: Version) {
    let server = shared(version).await;
    let settings = installation(&server);
    let bus = node(&settings).await;
    let heard = Arc::new(Heard::default());
    let _held = bus.register_key(Key(ALICE), heard.clone()).await.unwrap();
    let subject = format!("{}.live.{}.{ALICE}.state", settings.prefix, ALICE.shard());
    publish(&server, subject.clone(), &[], text(1)).await;
    publish(&server, subject.clone(), &[("Mailpush-Id", "no id")], text(2)).await;
    let headers = [("Mailpush-Id", "0000000000000001-1"), ("Mailpush-Topic", "state.of.nobody")];
    publish(&server, subject, &headers, Bytes::new()).await;
    let is_counted = async || (bus.counts().unreadable == 3).then_some(());
    eventually(PATIENCE, "all three are counted", is_counted).await;
    put_states(&bus, ALICE, 4..5).await;
    heard.ends_with(4).await;
    assert_eq!(heard.all().len(), 1);
}

pub async fn a_gap_is_counted_and_nothing_is_told_twice(version: Version) {
    let server = shared(version).await;
    let settings = installation(&server);
    let bus = node(&settings).await;
    let heard = Arc::new(Heard::default());
    let _held = bus.register_key(Key(ALICE), heard.clone()).await.unwrap();
    let subject = format!("{}.live.{}.{ALICE}.state", settings.prefix, ALICE.shard());
    for (sequence, last, gaps) in [("5", "4", 0), ("6", "5", 0), ("9", "7", 1), ("9", "7", 1), ("10", "9", 1)]
    {
        let headers = [
            ("Mailpush-Id", "0000000000000001-1"),
            ("Nats-Sequence", sequence),
            ("Nats-Last-Sequence", last),
        ];
        publish(&server, subject.clone(), &headers, text(sequence.parse().unwrap())).await;
        heard.ends_with(sequence.parse().unwrap()).await;
        assert_eq!(bus.counts().gaps, gaps);
    }
    assert_eq!(heard.all(), [text(5), text(6), text(9), text(10)]);
}
