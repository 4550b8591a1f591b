use std::time::Duration;

use bus::Retained;
use bus_local::LocalBusSettings;
use cyrus::Notice;
use mailbox_event::{EventId, RelayId, codec};

use crate::{
    house::{House, change, sieve, token, until, until_async},
    valve::{Door, Jobs, Valve},
};

#[tokio::test]
async fn the_answer_comes_while_the_bus_hangs() {
    let house = House::new();
    house.bus.set(Door::Hanging);
    let relay = house.start();
    for modseq in 1..=50 {
        assert_eq!(house.dlist(&change("alice", modseq)).await, "OK ()\r\n");
    }
    assert_eq!(house.mail("alice").await, None);
    house.bus.set(Door::Open);
    house.mail_becomes("alice", 50).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_bus_that_was_down_gets_everything_in_order() {
    let house = House::new();
    house.bus.set(Door::Down);
    let relay = house.start();
    let texts: Vec<_> = (0..40).map(|number| format!("text {number}")).collect();
    for text in &texts {
        assert_eq!(house.dlist(&sieve("alice", text)).await, "OK ()\r\n");
    }
    until(|| relay.metric("relay_bus_errors_total") >= 2.0).await;
    house.bus.set(Door::Open);
    until(|| house.jobs().len() == texts.len()).await;
    assert_eq!(house.jobs(), texts);
    relay.stop().await;
}

#[tokio::test]
async fn a_bus_that_a_person_has_to_mend_gets_everything_afterwards() {
    let house = House::new();
    house.bus.set(Door::Broken);
    let relay = house.start();
    assert_eq!(house.dlist(&sieve("alice", "kept")).await, "OK ()\r\n");
    assert_eq!(house.dlist(&change("alice", 7)).await, "OK ()\r\n");
    until(|| relay.metric("relay_bus_errors_total") >= 3.0).await;
    house.bus.set(Door::Open);
    until(|| house.jobs() == ["kept"]).await;
    house.mail_becomes("alice", 7).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_job_whose_reply_was_lost_is_sent_again_under_the_same_id() {
    let house = House::new();
    let relay = house.start();
    house.bus.lose_next_reply();
    assert_eq!(house.dlist(&sieve("alice", "once")).await, "OK ()\r\n");
    until(|| house.jobs().len() == 2).await;
    let dispatched = house.bus.dispatched.lock().unwrap().clone();
    assert_eq!(dispatched[0], dispatched[1]);
    relay.stop().await;
}

#[tokio::test]
async fn observations_that_wait_become_one_write_per_account() {
    let house = House::new();
    house.bus.set(Door::Hanging);
    let relay = house.start();
    // The first write is whatever had come when publishing woke; another has all the rest.
    house.dlist(&change("alice", 1)).await;
    for modseq in 2..=100 {
        house.dlist(&change("alice", modseq)).await;
    }
    house.bus.set(Door::Open);
    house.mail_becomes("alice", 100).await;
    assert!(house.bus.stored.lock().unwrap().len() <= 3);
    relay.stop().await;
}

#[tokio::test]
async fn what_changes_nothing_is_not_written() {
    let house = House::new();
    let relay = house.start();
    house.dlist(&change("alice", 7)).await;
    // A state can be read before it is stored, and what comes until then is one write.
    relay.metric_becomes("relay_published_total{route=\"state\"}", 1.0).await;
    for (times, modseq) in [(1.0, 7), (2.0, 6)] {
        house.dlist(&change("alice", modseq)).await;
        relay.metric_becomes("relay_published_total{route=\"unchanged\"}", times).await;
    }
    assert_eq!(house.bus.stored.lock().unwrap().len(), 1);
    relay.stop().await;
}

#[tokio::test]
async fn another_writer_is_merged_with_and_never_set_back() {
    let house = House::new();
    let relay = house.start();
    house.dlist(&change("alice", 7)).await;
    house.mail_becomes("alice", 7).await;
    // Another host writes what relay's memory does not know of.
    let found = house.bus.inner.state(token("alice")).await.unwrap().unwrap();
    let mut theirs = house.state("alice").await.unwrap();
    theirs.vector.raise(state::Counter::Mail, mailbox_event::Modseq(50));
    theirs.vector.raise(state::Counter::Calendar, mailbox_event::Modseq(40));
    let value = codec::encode(&theirs, codec::Form::MessagePack).unwrap();
    let cause = EventId { relay: RelayId(1), sequence: 1 };
    house.bus.inner.put_state(token("alice"), value.into(), Some(found.revision), cause).await.unwrap();

    house.dlist(&change("alice", 60)).await;
    house.mail_becomes("alice", 60).await;
    let merged = house.state("alice").await.unwrap();
    assert_eq!(merged.vector.get(state::Counter::Calendar), Some(mailbox_event::Modseq(40)));
    assert_eq!(relay.metric("relay_conflicts_total"), 1.0);
    relay.stop().await;
}

#[tokio::test]
async fn what_the_bus_will_never_take_is_put_aside_and_the_rest_goes_on() {
    let house = House::new();
    let relay = house.start();
    let mut large = sieve("alice", "");
    large.message = vec![b'x'; 2 << 20];
    assert_eq!(house.dlist(&large).await, "OK ()\r\n");
    assert_eq!(house.dlist(&sieve("alice", "small")).await, "OK ()\r\n");
    until(|| house.jobs() == ["small"]).await;
    assert_eq!(relay.metric("relay_dropped_total{reason=\"too-large\"}"), 1.0);
    until(|| std::fs::read_dir(house.path("spool/quarantine")).unwrap().count() == 1).await;
    relay.stop().await;
}

fn house_with_values_of(octets: usize) -> House {
    let bus = Valve::with(LocalBusSettings { largest_value: octets, ..LocalBusSettings::default() });
    House { bus, ..House::new() }
}

#[tokio::test]
async fn every_notification_of_a_state_that_is_too_large_is_counted_and_kept() {
    let house = house_with_values_of(20);
    house.bus.set(Door::Hanging);
    let relay = house.start();
    for modseq in 1..=30 {
        house.dlist(&change("alice", modseq)).await;
    }
    house.bus.set(Door::Open);
    relay.metric_becomes("relay_dropped_total{reason=\"too-large\"}", 30.0).await;
    until(|| std::fs::read_dir(house.path("spool/quarantine")).unwrap().count() == 30).await;
    relay.stop().await;
}

/// A change of a mailbox with so many readers that its entry alone is `octets` long, or longer.
fn widely_shared(user: &str, modseq: u64, octets: usize) -> Notice {
    let mut notice = change(user, modseq);
    let mut message: serde_json::Value = serde_json::from_slice(&notice.message).unwrap();
    let readers: String = (0..octets / 10).map(|number| format!("reader{number}\tlrs\t")).collect();
    message["vnd.cmu.mailboxACL"] = format!("{user}\tlrswipkxtecdan\t{readers}").into();
    notice.message = message.to_string().into_bytes();
    notice
}

#[tokio::test]
async fn a_state_that_is_too_large_goes_without_its_shared_mailboxes() {
    let house = house_with_values_of(2000);
    let relay = house.start();
    house.dlist(&widely_shared("alice", 7, 100)).await;
    house.mail_becomes("alice", 7).await;
    assert_eq!(house.state("alice").await.unwrap().shared.iter().count(), 1);
    house.dlist(&widely_shared("alice", 8, 4000)).await;
    house.mail_becomes("alice", 8).await;
    assert_eq!(house.state("alice").await.unwrap().shared.iter().count(), 0);
    assert_eq!(relay.metric("relay_shared_left_out_total"), 1.0);
    assert_eq!(relay.metric("relay_dropped_total{reason=\"too-large\"}"), 0.0);
    relay.stop().await;
}

#[tokio::test]
async fn an_idle_relay_publishes_a_lone_notification_at_once() {
    let house = House::new();
    let relay = house.start();
    house.dlist(&change("alice", 1)).await;
    house.mail_becomes("alice", 1).await;
    let began = tokio::time::Instant::now();
    house.dlist(&change("alice", 2)).await;
    until_async(|| async { house.mail("alice").await == Some(2) }).await;
    // Ten times what a busy machine needs, and far below any delay that would gather a batch and be noticed.
    assert!(began.elapsed() < Duration::from_millis(500));
    relay.stop().await;
}

#[tokio::test]
async fn a_drain_does_not_wait_for_a_bus_that_hangs_and_loses_nothing() {
    let mut house = House::new();
    house.settings.drain_deadline = Duration::from_millis(50);
    house.bus.set(Door::Hanging);
    let relay = house.start();
    house.dlist(&sieve("alice", "later")).await;
    relay.stop().await;
    house.bus.set(Door::Open);
    let relay = house.start();
    until(|| house.jobs() == ["later"]).await;
    assert_eq!(relay.metric("relay_replayed_total"), 1.0);
    relay.stop().await;
}

#[tokio::test]
async fn a_full_stream_of_jobs_delays_no_states() {
    let house = House::new();
    house.bus.set_jobs(Jobs::Full);
    let relay = house.start();
    for text in ["first", "second"] {
        assert_eq!(house.dlist(&sieve("alice", text)).await, "OK ()\r\n");
    }
    // By then a wait is a second long and more.
    until(|| relay.metric("relay_bus_errors_total") >= 7.0).await;
    let before = relay.metric("relay_bus_errors_total");
    for modseq in 1..=20 {
        house.dlist(&change("alice", modseq)).await;
        house.mail_becomes("alice", modseq).await;
    }
    // A state that waited with the jobs would go when they are tried again, one for each try.
    let tries = relay.metric("relay_bus_errors_total") - before;
    assert!(tries < 20.0, "{tries} tries while 20 states went");
    house.bus.set_jobs(Jobs::Taken);
    until(|| house.jobs() == ["first", "second"]).await;
    relay.stop().await;
}

#[tokio::test]
async fn the_position_is_noted_while_something_else_hangs() {
    let house = House::new();
    house.bus.set(Door::Hanging);
    house.bus.set_jobs(Jobs::Hanging);
    let relay = house.start();
    house.dlist(&change("alice", 1)).await;
    house.dlist(&sieve("bob", "hangs")).await;
    relay.metric_becomes("relay_spool_records", 2.0).await;
    house.bus.set(Door::Open);
    relay.metric_becomes("relay_spool_records", 1.0).await;
    relay.kill().await;
    house.bus.set_jobs(Jobs::Taken);
    let relay = house.start_again().await;
    assert_eq!(relay.metric("relay_replayed_total"), 1.0);
    until(|| house.jobs() == ["hangs"]).await;
    relay.stop().await;
}
