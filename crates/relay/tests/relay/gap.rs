//! Pushers are told when notifications were lost.

use std::time::Duration;

use bus::{Bucket, GAPS_OF_RELAY, Retained, Revision};
use cyrus::{datagram, dlist};
use mailbox_event::RelayId;
use relay::{
    settings::SpoolSettings,
    spool::{Limits, Spool},
};
use tokio::{
    io::AsyncWriteExt,
    net::{UnixDatagram, UnixStream},
};

use crate::{
    house::{House, Running, change, sieve, until_async},
    valve::Door,
};

async fn told(house: &House) -> Option<Revision> {
    house.bus.inner.get(Bucket::Gaps, GAPS_OF_RELAY).await.unwrap().map(|told| told.revision)
}

#[tokio::test]
async fn a_relay_whose_socket_was_its_own_tells_that_nobody_listened_before() {
    let house = House::new();
    let relay = house.start();
    until_async(|| async { told(&house).await.is_some() }).await;
    let before = told(&house).await;
    relay.stop().await;
    let relay = house.start();
    until_async(|| async { told(&house).await > before }).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_bus_that_is_away_is_told_when_it_is_back() {
    let house = House::new();
    house.bus.set(Door::Down);
    let relay = house.start();
    assert_eq!(house.dlist(&change("alice", 1)).await, "OK ()\r\n");
    assert_eq!(told(&house).await, None);
    house.bus.set(Door::Open);
    until_async(|| async { told(&house).await.is_some() }).await;
    relay.stop().await;
}

#[tokio::test]
async fn what_the_spool_refuses_is_told() {
    let mut house = House::new();
    house.settings.spool.limit = 64 * 1024;
    house.settings.spool.segment = 8 * 1024;
    house.settings.message_limit = 16 * 1024;
    let relay = house.start();
    until_async(|| async { told(&house).await.is_some() }).await;
    let at_start = told(&house).await;
    house.bus.set(Door::Hanging);
    let text = "x".repeat(1000);
    while house.dlist(&sieve("alice", &text)).await == "OK ()\r\n" {}
    house.bus.set(Door::Open);
    // No sooner than ten seconds after the start was told.
    until_async(|| async { told(&house).await > at_start }).await;
    relay.stop().await;
}

/// A relay whose start was told already, and what was told then.
async fn started(house: &House) -> (Running, Option<Revision>) {
    let earlier = told(house).await;
    let relay = house.start();
    until_async(|| async { told(house).await > earlier }).await;
    (relay, told(house).await)
}

/// The end tells what was noted, without the ten seconds after the start.
async fn is_told_after(house: &House, relay: Running, before: Option<Revision>) -> bool {
    relay.stop().await;
    told(house).await > before
}

#[tokio::test]
async fn a_sender_that_stalls_within_a_notification_is_told() {
    let mut house = House::new();
    house.settings.read_deadline = Duration::from_millis(100);
    let (relay, before) = started(&house).await;
    let mut stalled = UnixStream::connect(house.path("dlist")).await.unwrap();
    stalled.write_all(b"NOTIFY %(METHOD ").await.unwrap();
    relay.metric_becomes("relay_notifications_total{form=\"dlist\",outcome=\"stalled\"}", 1.0).await;
    assert!(is_told_after(&house, relay, before).await);
}

#[tokio::test]
async fn a_notification_that_is_cut_or_too_large_is_told_and_nonsense_is_not() {
    let mut house = House::new();
    house.settings.message_limit = 16 * 1024;
    let whole = dlist::write(&sieve("alice", "text"));
    let large = dlist::write(&sieve("alice", &"x".repeat(32 * 1024)));
    for (octets, is_told) in
        [(&whole[..whole.len() / 2], true), (&large[..], true), (b"HELLO\r\n".as_slice(), false)]
    {
        let (relay, before) = started(&house).await;
        let mut stream = UnixStream::connect(house.path("dlist")).await.unwrap();
        // Who is refused half-way may see the pipe break.
        stream.write_all(octets).await.ok();
        stream.shutdown().await.ok();
        relay.metric_becomes("relay_notifications_total{form=\"dlist\",outcome=\"malformed\"}", 1.0).await;
        assert_eq!(is_told_after(&house, relay, before).await, is_told);
    }
}

#[tokio::test]
async fn a_datagram_that_was_cut_is_told_and_nonsense_is_not() {
    let house = House::new();
    let whole = datagram::write(&change("alice", 7));
    let socket = UnixDatagram::unbound().unwrap();
    for (octets, is_told) in
        [(&whole[..whole.len() / 2], true), (b"HELLO", false), (b"pusher\0HELLO\0", false)]
    {
        let (relay, before) = started(&house).await;
        socket.send_to(octets, house.path("datagram")).await.unwrap();
        relay.metric_becomes("relay_notifications_total{form=\"datagram\",outcome=\"malformed\"}", 1.0).await;
        assert_eq!(is_told_after(&house, relay, before).await, is_told);
    }
}

#[tokio::test]
async fn what_could_not_be_told_before_the_end_is_told_by_the_next_start() {
    let house = House::new();
    for (door, is_told) in [(Door::Open, true), (Door::Down, false)] {
        house.bus.set(door);
        let before = told(&house).await;
        house.start().stop().await;
        assert_eq!(told(&house).await > before, is_told);
        let SpoolSettings { folder, limit, segment, .. } = &house.settings.spool;
        let limits = Limits { octets: *limit, segment: *segment };
        let (spool, recovery) = Spool::open(folder, limits, RelayId(7)).unwrap();
        // A start tells a gap after an end that was not clean.
        assert_eq!(recovery.clean, is_told);
        spool.close().unwrap();
    }
}
