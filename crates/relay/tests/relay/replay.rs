use std::collections::BTreeMap;

use bus::Message;

use crate::{
    house::{House, change, sieve, until},
    valve::Door,
};

/// Users and texts in the order in which they were answered.
const USERS: [&str; 3] = ["alice", "bob", "carol"];

async fn answered(house: &House, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let user = USERS[number % USERS.len()];
        assert_eq!(house.dlist(&sieve(user, &format!("{number:05}"))).await, "OK ()\r\n");
    }
}

fn by_account(messages: &[Message]) -> BTreeMap<mailbox_event::AccountToken, Vec<mailbox_event::EventId>> {
    let mut accounts: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for message in messages {
        accounts.entry(message.topic.account()).or_default().push(message.id);
    }
    accounts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_with_the_bus_away_loses_nothing_that_was_answered() {
    let house = House::new();
    house.bus.set(Door::Hanging);
    let relay = house.start();
    answered(&house, 0..600).await;
    relay.kill().await;
    let relay = house.start_again().await;
    assert_eq!(relay.metric("relay_replayed_total"), 600.0);
    answered(&house, 600..700).await;
    house.bus.set(Door::Open);
    until(|| house.jobs().len() >= 700).await;
    for user in 0..USERS.len() {
        let texts: Vec<_> =
            house.jobs().into_iter().filter(|t| t.parse::<usize>().unwrap() % 3 == user).collect();
        let expected: Vec<_> = (0..700).filter(|n| n % 3 == user).map(|n| format!("{n:05}")).collect();
        assert_eq!(texts, expected, "each once, in order");
    }
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_position_replays_the_same_ids_in_the_same_order() {
    let house = House::new();
    let relay = house.start();
    answered(&house, 0..90).await;
    until(|| house.jobs().len() == 90).await;
    let first: Vec<_> = std::mem::take(&mut *house.bus.dispatched.lock().unwrap());
    relay.kill().await;
    std::fs::remove_file(house.path("spool/position")).unwrap();
    let relay = house.start_again().await;
    until(|| house.jobs().len() == 90).await;
    let again = house.bus.dispatched.lock().unwrap().clone();
    assert_eq!(by_account(&first), by_account(&again));
    relay.stop().await;
}

#[tokio::test]
async fn after_a_stop_in_order_nothing_is_replayed_and_numbers_go_on() {
    let house = House::new();
    let relay = house.start();
    answered(&house, 0..10).await;
    relay.stop().await;
    assert_eq!(house.jobs().len(), 10);
    let relay = house.start();
    assert_eq!(relay.metric("relay_replayed_total"), 0.0);
    answered(&house, 10..11).await;
    until(|| house.jobs().len() == 11).await;
    let mut sequences: Vec<_> = house.bus.dispatched.lock().unwrap().iter().map(|m| m.id.sequence).collect();
    // Accounts go side by side: only within one is there an order.
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=11).collect::<Vec<_>>());
    relay.stop().await;
}

#[tokio::test]
async fn an_old_spool_moves_no_state_backwards() {
    let (old, current) = (House::new(), House::new());
    let old = House { bus: current.bus.clone(), ..old };
    let relay = old.start();
    current.bus.set(Door::Hanging);
    old.dlist(&change("alice", 5)).await;
    relay.kill().await;
    current.bus.set(Door::Open);
    let other = current.start();
    current.dlist(&change("alice", 9)).await;
    current.mail_becomes("alice", 9).await;
    let relay = old.start_again().await;
    relay.metric_becomes("relay_published_total{route=\"unchanged\"}", 1.0).await;
    assert_eq!(current.mail("alice").await, Some(9));
    relay.stop().await;
    other.stop().await;
}
