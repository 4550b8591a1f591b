use std::fs;

use crate::{
    house::{House, change, sieve, until},
    valve::Door,
};

fn small_spool() -> House {
    let mut house = House::new();
    house.settings.spool.limit = 64 * 1024;
    house.settings.spool.segment = 8 * 1024;
    house.settings.message_limit = 16 * 1024;
    house
}

#[tokio::test]
async fn a_full_spool_refuses_at_once_and_takes_again_when_there_is_room() {
    let house = small_spool();
    house.bus.set(Door::Hanging);
    let relay = house.start();
    let text = "x".repeat(1000);
    let mut taken = 0;
    while house.dlist(&sieve("alice", &text)).await == "OK ()\r\n" {
        taken += 1;
        assert!(taken < 100, "the bound is not kept");
    }
    assert_eq!(house.dlist(&sieve("alice", &text)).await, "NO ()\r\n");
    assert_eq!(relay.metric("relay_dropped_total{reason=\"spool-full\"}"), 2.0);
    assert_eq!(relay.readiness.down()[0].reason, "spool is full");
    house.bus.set(Door::Open);
    until(|| relay.readiness.is_ready()).await;
    assert_eq!(house.dlist(&sieve("alice", "room")).await, "OK ()\r\n");
    until(|| house.jobs().len() == taken + 1).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_spool_is_emptied_from_the_disk_as_it_is_published() {
    let house = small_spool();
    let relay = house.start();
    for modseq in 1..=500 {
        assert_eq!(house.dlist(&change("alice", modseq)).await, "OK ()\r\n");
        if modseq % 50 == 0 {
            house.mail_becomes("alice", modseq).await;
        }
    }
    let segments = || {
        let names = fs::read_dir(house.path("spool")).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_str().unwrap().ends_with(".segment")).count()
    };
    until(|| segments() <= 1).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_spool_that_cannot_be_written_is_told_and_recovers_by_itself() {
    let house = small_spool();
    let relay = house.start();
    assert_eq!(house.dlist(&sieve("alice", "before")).await, "OK ()\r\n");
    until(|| house.jobs().len() == 1).await;
    // The folder is away: a full segment cannot be followed by the next one.
    let (spool, aside) = (house.path("spool"), house.path("aside"));
    fs::rename(&spool, &aside).unwrap();
    let text = "x".repeat(3000);
    let mut answers = Vec::new();
    while answers.last().is_none_or(|answer| answer == "OK ()\r\n") {
        answers.push(house.dlist(&sieve("alice", &text)).await);
        assert!(answers.len() < 10, "a segment is longer than its bound");
    }
    assert_eq!(answers.last().unwrap(), "NO ()\r\n");
    assert_eq!(relay.readiness.down()[0].reason, "spool cannot be written");
    assert_eq!(relay.metric("relay_dropped_total{reason=\"spool-error\"}"), 1.0);
    fs::rename(&aside, &spool).unwrap();
    until(|| relay.readiness.is_ready()).await;
    assert_eq!(house.dlist(&sieve("alice", "after")).await, "OK ()\r\n");
    until(|| house.jobs().last().unwrap() == "after").await;
    relay.stop().await;
}
