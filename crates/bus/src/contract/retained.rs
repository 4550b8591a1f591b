//! STATE and KV: compare-and-set, leases, expiry.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use mailbox_event::AccountToken;

use super::scene::{ALICE, BOB, KEY_A, Recorder, Scene, id, payload, register_key};
use crate::{Bucket, Bus, BusError, Message, PutError, Revision, Topic};

/// How long a lease holds in these cases.
const LEASE: Duration = Duration::from_secs(2);

/// Longer than any case.
const LONG: Duration = Duration::from_hours(1);

async fn put_state(bus: &Arc<dyn Bus>, value: u64, expected: Option<Revision>) -> Result<Revision, PutError> {
    bus.put_state(ALICE, payload(value), expected, id(value)).await
}

async fn state(bus: &Arc<dyn Bus>, account: AccountToken) -> Option<(Revision, Bytes)> {
    let state = bus.state(account).await.expect("state is read");
    state.map(|state| (state.revision, state.value))
}

async fn value(bus: &Arc<dyn Bus>, key: &str) -> Option<Bytes> {
    bus.get(Bucket::Leases, key).await.expect("value is read").map(|versioned| versioned.value)
}

/// Takes or keeps the lease `L`.
async fn lease(bus: &Arc<dyn Bus>, owner: u64, expected: Option<Revision>) -> Result<Revision, PutError> {
    bus.compare_and_put(Bucket::Leases, "L", payload(owner), expected, LEASE).await
}

fn is_conflict<T>(result: &Result<T, PutError>) -> bool {
    matches!(result, Err(PutError::Conflict))
}

pub async fn a_state_that_was_put_is_read(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    let revision = put_state(&bus, 1, None).await.expect("stored");
    assert_eq!(state(&bus, ALICE).await, Some((revision, payload(1))));
    let next = put_state(&bus, 2, Some(revision)).await.expect("stored");
    assert!(next > revision);
    assert_eq!(state(&distant, ALICE).await, Some((next, payload(2))));
}

pub async fn a_state_nobody_put_is_absent(scene: Scene) {
    assert_eq!(state(&scene.bus().await, ALICE).await, None);
}

pub async fn state_put_conflicts_when_somebody_was_first(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    put_state(&distant, 1, None).await.expect("stored");
    assert!(is_conflict(&put_state(&bus, 2, None).await));
    assert_eq!(state(&bus, ALICE).await.map(|(_, value)| value), Some(payload(1)));
}

pub async fn state_put_conflicts_with_an_old_revision(scene: Scene) {
    let bus = scene.bus().await;
    let first = put_state(&bus, 1, None).await.expect("stored");
    put_state(&bus, 2, Some(first)).await.expect("stored");
    assert!(is_conflict(&put_state(&bus, 3, Some(first)).await));
    assert!(is_conflict(&bus.put_state(BOB, payload(3), Some(first), id(3)).await), "there is none yet");
    assert_eq!(state(&bus, BOB).await, None);
}

pub async fn state_put_needs_no_revision_of_another_account(scene: Scene) {
    let bus = scene.bus().await;
    put_state(&bus, 1, None).await.expect("stored");
    bus.put_state(BOB, payload(2), None, id(2)).await.expect("stored");
    assert_eq!(state(&bus, ALICE).await.map(|(_, value)| value), Some(payload(1)));
}

pub async fn listeners_hear_a_state_once_it_is_stored(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let _held = register_key(&bus, KEY_A, &listener).await;
    put_state(&bus, 1, None).await.expect("stored");
    scene.until_runs(&listener, 1).await;
    assert_eq!(listener.heard(), [Message { id: id(1), topic: Topic::State(ALICE), payload: payload(1) }]);
    bus.put_state(BOB, payload(2), None, id(2)).await.expect("stored");
    scene.quiet().await;
    assert_eq!(listener.runs(), 1, "another account is not heard");
}

pub async fn listeners_do_not_hear_a_state_that_conflicts(scene: Scene) {
    let bus = scene.bus().await;
    put_state(&bus, 1, None).await.expect("stored");
    let listener = Recorder::new();
    let _held = register_key(&bus, KEY_A, &listener).await;
    assert!(is_conflict(&put_state(&bus, 2, None).await));
    scene.quiet().await;
    assert_eq!(listener.runs(), 0);
}

pub async fn listeners_on_other_nodes_hear_a_state(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    let listener = Recorder::new();
    let _held = register_key(&distant, KEY_A, &listener).await;
    put_state(&bus, 1, None).await.expect("stored");
    scene.until_runs(&listener, 1).await;
}

/// Counts one up, as a writer does that merges.
async fn increment(bus: Arc<dyn Bus>) {
    loop {
        let last = state(&bus, ALICE).await;
        let count = last.as_ref().map_or(0, |(_, value)| value[0]);
        let next = Bytes::copy_from_slice(&[count + 1]);
        match bus.put_state(ALICE, next, last.map(|(revision, _)| revision), id(1)).await {
            Ok(_) => return,
            Err(PutError::Conflict) => {}
            Err(PutError::Bus(error)) => panic!("state is not stored: {error}"),
        }
    }
}

pub async fn of_many_writers_each_merges_once(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    let writers: Vec<_> = (0..20)
        .map(|writer| tokio::spawn(increment(if writer % 2 == 0 { bus.clone() } else { distant.clone() })))
        .collect();
    for writer in writers {
        writer.await.expect("writer ends");
    }
    assert_eq!(state(&bus, ALICE).await.map(|(_, value)| value[0]), Some(20));
}

pub async fn a_state_survives_a_restart(scene: Scene) {
    let bus = scene.bus().await;
    let revision = put_state(&bus, 1, None).await.expect("stored");
    drop(bus);
    let bus = scene.restart().await;
    assert_eq!(state(&bus, ALICE).await, Some((revision, payload(1))));
    put_state(&bus, 2, Some(revision)).await.expect("the revision holds");
}

pub async fn a_value_over_the_limit_is_refused(scene: Scene) {
    let bus = scene.bus().await;
    let large = Bytes::from(vec![0; (1 << 20) + 1]);
    let refused = bus.put_state(ALICE, large.clone(), None, id(1)).await;
    assert!(matches!(refused, Err(PutError::Bus(BusError::TooLarge { .. }))));
    let refused = bus.put(Bucket::Verdicts, "key", large, LONG).await;
    assert!(matches!(refused, Err(BusError::TooLarge { .. })));
    assert_eq!(state(&bus, ALICE).await, None);
}

pub async fn a_value_is_gone_when_its_time_is_over(scene: Scene) {
    let bus = scene.bus().await;
    bus.put(Bucket::Leases, "key", payload(1), LEASE).await.expect("stored");
    assert_eq!(value(&bus, "key").await, Some(payload(1)));
    scene.pass(LEASE).await;
    scene.until("it is gone", async || value(&bus, "key").await.is_none()).await;
}

pub async fn a_put_replaces_whatever_was_there(scene: Scene) {
    let bus = scene.bus().await;
    let first = bus.put(Bucket::Leases, "key", payload(1), LONG).await.expect("stored");
    let second = bus.put(Bucket::Leases, "key", payload(2), LONG).await.expect("stored");
    assert!(second > first);
    assert_eq!(value(&bus, "key").await, Some(payload(2)));
}

pub async fn buckets_are_apart(scene: Scene) {
    let bus = scene.bus().await;
    bus.put(Bucket::Verdicts, "key", payload(1), LONG).await.expect("stored");
    assert_eq!(value(&bus, "key").await, None);
}

pub async fn a_lease_is_taken_once(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    lease(&bus, 1, None).await.expect("taken");
    assert!(is_conflict(&lease(&distant, 2, None).await));
    assert_eq!(value(&distant, "L").await, Some(payload(1)));
}

pub async fn a_lease_can_be_taken_when_its_time_is_over(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    let first = lease(&bus, 1, None).await.expect("taken");
    scene.pass(LEASE).await;
    scene.until("the other takes it", async || lease(&distant, 2, None).await.is_ok()).await;
    assert!(is_conflict(&lease(&bus, 1, Some(first)).await), "it is lost for the first");
    assert_eq!(value(&bus, "L").await, Some(payload(2)));
}

pub async fn a_lease_whose_time_is_over_cannot_be_kept(scene: Scene) {
    let bus = scene.bus().await;
    let revision = lease(&bus, 1, None).await.expect("taken");
    scene.pass(LEASE).await;
    scene.until("it is gone", async || value(&bus, "L").await.is_none()).await;
    assert!(is_conflict(&lease(&bus, 1, Some(revision)).await));
}

pub async fn a_lease_is_kept_with_its_last_revision(scene: Scene) {
    let bus = scene.bus().await;
    let first = lease(&bus, 1, None).await.expect("taken");
    scene.pass(LEASE / 2).await;
    let second = lease(&bus, 1, Some(first)).await.expect("kept");
    assert!(is_conflict(&lease(&bus, 1, Some(first)).await), "that revision is over");
    scene.pass(LEASE * 3 / 4).await;
    lease(&bus, 1, Some(second)).await.expect("its time began again");
}

pub async fn a_deleted_key_is_absent(scene: Scene) {
    let bus = scene.bus().await;
    let revision = lease(&bus, 1, None).await.expect("taken");
    bus.delete(Bucket::Leases, "L", Some(revision)).await.expect("deleted");
    assert_eq!(value(&bus, "L").await, None);
    lease(&bus, 2, None).await.expect("it can be taken again");
    bus.delete(Bucket::Leases, "L", None).await.expect("deleted whatever its revision");
    assert_eq!(value(&bus, "L").await, None);
}

pub async fn delete_conflicts_with_an_old_revision(scene: Scene) {
    let bus = scene.bus().await;
    let first = lease(&bus, 1, None).await.expect("taken");
    lease(&bus, 1, Some(first)).await.expect("kept");
    assert!(is_conflict(&bus.delete(Bucket::Leases, "L", Some(first)).await));
    assert_eq!(value(&bus, "L").await, Some(payload(1)));
}

pub async fn deleting_an_absent_key_is_no_conflict(scene: Scene) {
    let bus = scene.bus().await;
    bus.delete(Bucket::Leases, "L", None).await.expect("no conflict");
    bus.delete(Bucket::Leases, "L", Some(Revision(7))).await.expect("no conflict");
}

pub async fn a_key_that_went_and_came_has_another_revision(scene: Scene) {
    let bus = scene.bus().await;
    let first = lease(&bus, 1, None).await.expect("taken");
    bus.delete(Bucket::Leases, "L", Some(first)).await.expect("deleted");
    let second = lease(&bus, 2, None).await.expect("taken");
    assert!(second > first, "an owner from before cannot keep it");
    assert!(is_conflict(&lease(&bus, 1, Some(first)).await));
}

pub async fn revisions_rise_across_a_restart(scene: Scene) {
    let bus = scene.bus().await;
    let first = bus.put(Bucket::Leases, "key", payload(1), LONG).await.expect("stored");
    bus.delete(Bucket::Leases, "key", None).await.expect("deleted");
    drop(bus);
    let bus = scene.restart().await;
    assert!(bus.put(Bucket::Leases, "key", payload(1), LONG).await.expect("stored") > first);
}

pub async fn health_is_good(scene: Scene) {
    scene.bus().await.health().await.expect("healthy");
}
