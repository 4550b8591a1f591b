//! Real disks that are full or read-only: Cyrus is answered at once, the loss is counted and told, and ends by itself.

use std::{
    fs,
    time::{Duration, Instant},
};

use bus_local::{LocalBus, LocalBusSettings};

use crate::{
    house::{House, Running, sieve, until},
    mount::Mount,
    valve::{Door, Valve},
};

/// Ten times what a restart may cost Cyrus: a hang is what is looked for.
const AT_ONCE: Duration = Duration::from_millis(2500);
const SPOOL_ERROR: &str = "relay_dropped_total{reason=\"spool-error\"}";
const MIB: u64 = 1 << 20;

fn house_with_spool_on(mount: &Mount) -> House {
    let mut house = House::new();
    house.settings.spool.folder = mount.path().join("spool");
    house
}

/// Sends texts with these numbers until one is refused; how many were taken.
async fn until_refused(house: &House, from: usize) -> usize {
    let filler = "x".repeat(2000);
    for number in from..from + 10_000 {
        let began = Instant::now();
        let answer = house.dlist(&sieve("alice", &format!("{number:05} {filler}"))).await;
        assert!(began.elapsed() < AT_ONCE, "answered after {:?}", began.elapsed());
        match answer.as_str() {
            "OK ()\r\n" => {}
            "NO ()\r\n" => return number - from,
            other => panic!("answered {other:?}"),
        }
    }
    panic!("the disk takes everything");
}

/// The numbers of the texts that were published.
fn published(house: &House) -> Vec<usize> {
    house.jobs().iter().map(|job| job[..5].parse().unwrap()).collect()
}

async fn is_refusing(house: &House, relay: &Running, lost: f64) {
    assert_eq!(relay.readiness.down()[0].reason, "spool cannot be written");
    assert_eq!(relay.metric(SPOOL_ERROR), lost);
    assert_eq!(until_refused(house, 90_000).await, 0);
    assert_eq!(relay.metric(SPOOL_ERROR), lost + 1.0);
}

#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_answered_and_is_used_again_when_there_is_room() {
    let mount = Mount::tmpfs(2 * MIB);
    let house = house_with_spool_on(&mount);
    let relay = house.start();
    house.bus.set(Door::Hanging);
    let taken = until_refused(&house, 0).await;
    assert!(taken > 100, "{taken} were taken");
    is_refusing(&house, &relay, 1.0).await;

    house.bus.set(Door::Open);
    until(|| published(&house).len() == taken).await;
    assert_eq!(published(&house), (0..taken).collect::<Vec<_>>());
    // What is published is cleared away, within a minute or at a restart; the operator is faster.
    relay.stop().await;
    let relay = house.start();
    assert_eq!(house.dlist(&sieve("alice", "77777")).await, "OK ()\r\n");
    until(|| published(&house).last() == Some(&77_777)).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_disk_that_others_filled_is_used_again_without_a_restart() {
    let mount = Mount::tmpfs(2 * MIB);
    let house = house_with_spool_on(&mount);
    let relay = house.start();
    house.bus.set(Door::Hanging);
    assert_eq!(house.dlist(&sieve("alice", "00000 first")).await, "OK ()\r\n");
    let filler = mount.fill();
    let taken = until_refused(&house, 1).await;
    is_refusing(&house, &relay, 1.0).await;
    fs::remove_file(filler).unwrap();
    until(|| relay.readiness.is_ready()).await;
    assert_eq!(house.dlist(&sieve("alice", "77777")).await, "OK ()\r\n");
    house.bus.set(Door::Open);
    let all: Vec<_> = (0..=taken).chain([77_777]).collect();
    until(|| published(&house).len() == all.len()).await;
    assert_eq!(published(&house), all);
    relay.stop().await;
}

#[tokio::test]
async fn a_disk_that_becomes_read_only_is_told_and_what_was_answered_is_published_from_memory() {
    let mount = Mount::ext4(16 * MIB);
    let house = house_with_spool_on(&mount);
    let relay = house.start();
    house.bus.set(Door::Hanging);
    for number in 0..100 {
        assert_eq!(house.dlist(&sieve("alice", &format!("{number:05}"))).await, "OK ()\r\n");
    }
    mount.become_read_only();
    assert_eq!(until_refused(&house, 100).await, 0);
    is_refusing(&house, &relay, 1.0).await;
    house.bus.set(Door::Open);
    until(|| published(&house).len() == 100).await;
    assert_eq!(published(&house), (0..100).collect::<Vec<_>>());
    assert!(!relay.readiness.is_ready());
    // Such a file system wants to be checked before it is written again.
    relay.stop().await;
    mount.repair();
    let relay = house.start();
    assert_eq!(house.dlist(&sieve("alice", "77777")).await, "OK ()\r\n");
    until(|| published(&house).last() == Some(&77_777)).await;
    relay.stop().await;
}

#[tokio::test]
async fn while_the_disk_of_the_bus_is_full_the_spool_keeps_what_comes() {
    let mount = Mount::tmpfs(2 * MIB);
    let bus = LocalBus::open(&mount.path().join("bus.db"), LocalBusSettings::default()).unwrap();
    let house = House { bus: Valve::before(bus), ..House::new() };
    let relay = house.start();
    let filler = mount.fill();
    for modseq in 1..=200 {
        for user in 0..10 {
            let answer = house.dlist(&crate::house::change(&format!("user{user}"), modseq)).await;
            assert_eq!(answer, "OK ()\r\n");
        }
    }
    until(|| relay.metric("relay_bus_errors_total") > 0.0).await;
    fs::remove_file(filler).unwrap();
    for user in 0..10 {
        house.mail_becomes(&format!("user{user}"), 200).await;
    }
    relay.stop().await;
}
