//! Pushers are told when notifications were lost.

use bus::{Bucket, Retained, Revision};

use crate::{
    house::{House, change, sieve, until_async},
    valve::Door,
};

async fn told(house: &House) -> Option<Revision> {
    house.bus.inner.get(Bucket::Gaps, "relay").await.unwrap().map(|told| told.revision)
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
