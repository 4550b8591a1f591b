//! Starts, stops, restarts and deaths of the bus, and dispatches that fail.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{sync::Semaphore, task::JoinSet};

use super::scene::{
    ALICE, KEY_A, Recorder, Scene, dispatch, group_a, group_b, id, job, job_of, live, one_at_a_time, payload,
    register, register_key, settings,
};
use crate::{Bucket, BusError, JobKind, Message, PutError, Urgency};

/// Longer than any case.
const LONG: Duration = Duration::from_hours(1);

/// How often something is started and stopped.
const ROUNDS: u64 = 10;

/// Jobs of a bulk: of three urgencies by turns.
const BULK: u64 = 10_000;

fn is_unavailable<T>(result: &Result<T, BusError>) -> bool {
    matches!(result, Err(BusError::Unavailable(_)))
}

/// A message that is larger than any bus takes.
fn too_large(message: Message) -> Message {
    Message { payload: Bytes::from(vec![1; (1 << 20) + 1]), ..message }
}

pub async fn event_bus_groups_with_distinct_naming_strategies_should_be_isolated(scene: Scene) {
    let (bus, other) = (scene.bus().await, scene.another_bus().await);
    let (here, there) = (Recorder::new(), Recorder::new());
    let _held = (register(&bus, group_a(), &here).await, register(&other, group_a(), &there).await);
    dispatch(&bus, job(1), &[]).await;
    dispatch(&other, job(2), &[]).await;
    scene.until_runs(&here, 1).await;
    scene.until_runs(&there, 1).await;
    scene.quiet().await;
    assert_eq!((here.sequences(), there.sequences()), (vec![1], vec![2]));
}

pub async fn event_bus_pub_sub_with_distinct_naming_strategies_should_be_isolated(scene: Scene) {
    let (bus, other) = (scene.bus().await, scene.another_bus().await);
    let (here, there) = (Recorder::new(), Recorder::new());
    let _held = (register_key(&bus, KEY_A, &here).await, register_key(&other, KEY_A, &there).await);
    dispatch(&bus, live(1), &[KEY_A]).await;
    dispatch(&other, live(2), &[KEY_A]).await;
    scene.until_runs(&here, 1).await;
    scene.until_runs(&there, 1).await;
    scene.quiet().await;
    assert_eq!((here.sequences(), there.sequences()), (vec![1], vec![2]));
}

pub async fn what_two_buses_keep_is_apart(scene: Scene) {
    let (bus, other) = (scene.bus().await, scene.another_bus().await);
    bus.put_state(ALICE, payload(1), None, id(1)).await.expect("stored");
    bus.put(Bucket::Leases, "L", payload(1), LONG).await.expect("stored");
    bus.store_dead_letter(&group_a(), job(1), "put down by hand", 4).await.expect("stored");
    assert_eq!(other.state(ALICE).await.expect("read"), None);
    assert_eq!(other.get(Bucket::Leases, "L").await.expect("read"), None);
    assert!(!other.has_dead_letters().await.expect("read"));
    other.compare_and_put(Bucket::Leases, "L", payload(2), None, LONG).await.expect("it is free there");
}

pub async fn event_bus_should_not_throw_when_continuously_start_and_stop(scene: Scene) {
    let listener = Recorder::new();
    for round in 0..ROUNDS {
        let bus = scene.restart().await;
        let _held = register(&bus, group_a(), &listener).await;
        dispatch(&bus, job(round), &[]).await;
    }
    let bus = scene.restart().await;
    let _held = register(&bus, group_a(), &listener).await;
    let has_all = async || (0..ROUNDS).all(|round| listener.sequences().contains(&round));
    scene.until("every job is run", has_all).await;
}

pub async fn a_group_may_start_and_stop_continuously(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    for round in 0..ROUNDS {
        let held = register(&bus, group_a(), &listener).await;
        dispatch(&bus, job(round), &[]).await;
        held.unregister();
    }
    let _held = register(&bus, group_a(), &listener).await;
    let has_all = async || (0..ROUNDS).all(|round| listener.sequences().contains(&round));
    scene.until("every job is run", has_all).await;
}

pub async fn multiple_event_bus_should_not_throw_when_start_and_stop_continuously(scene: Scene) {
    for round in 0..ROUNDS {
        let (bus, distant) = (scene.restart().await, scene.another_node().await);
        let (near, far) = (Recorder::new(), Recorder::new());
        let _held = (register_key(&bus, KEY_A, &near).await, register_key(&distant, KEY_A, &far).await);
        dispatch(&bus, live(round), &[KEY_A]).await;
        scene.until_runs(&near, 1).await;
        scene.until_runs(&far, 1).await;
    }
}

pub async fn dispatch_should_stop_delivering_events_shortly_after_stop_is_called(scene: Scene) {
    let bus = scene.bus().await;
    let gate = Arc::new(Semaphore::new(0));
    let (working, hearing) = (Recorder::gated(&gate), Recorder::new());
    let _held = (register(&bus, group_a(), &working).await, register_key(&bus, KEY_A, &hearing).await);
    for sequence in 0..30 {
        dispatch(&bus, job(sequence), &[]).await;
    }
    scene.until("they run", async || working.runs() == settings().concurrency).await;
    scene.stop().await;
    gate.add_permits(30);
    assert!(is_unavailable(&bus.dispatch(live(1), &[KEY_A]).await));
    scene.quiet().await;
    assert_eq!(
        (working.runs(), working.done()),
        (settings().concurrency, 0),
        "runs are cut off, none begins"
    );
    assert_eq!(hearing.runs(), 0);
}

pub async fn calls_to_a_stopped_bus_fail(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    bus.put_state(ALICE, payload(1), None, id(1)).await.expect("stored");
    scene.stop().await;
    for bus in [&bus, &distant] {
        assert!(is_unavailable(&bus.dispatch(job(1), &[]).await));
        assert!(is_unavailable(&bus.dispatch(live(1), &[KEY_A]).await));
        assert!(is_unavailable(&bus.register_key(KEY_A, Recorder::new()).await));
        assert!(is_unavailable(&bus.register_group(group_a(), settings(), Recorder::new()).await));
        assert!(is_unavailable(&bus.state(ALICE).await));
        assert!(is_unavailable(&bus.get(Bucket::Leases, "absent").await));
        assert!(is_unavailable(&bus.has_dead_letters().await));
        assert!(is_unavailable(&bus.health().await));
        let put = bus.put_state(ALICE, payload(2), None, id(2)).await;
        assert!(matches!(put, Err(PutError::Bus(BusError::Unavailable(_)))));
    }
}

pub async fn dispatch_should_work_after_restart_for_old_registration(scene: Scene) {
    let bus = scene.bus().await;
    let _over = register(&bus, group_a(), &Recorder::new()).await;
    let bus = scene.restart().await;
    dispatch(&bus, job(1), &[]).await;
    let listener = Recorder::new();
    let _held = register(&bus, group_a(), &listener).await;
    scene.until_runs(&listener, 1).await;
    assert_eq!(listener.sequences(), [1], "the group was known before its listener came");
}

pub async fn dispatch_should_work_after_restart_for_new_registration(scene: Scene) {
    scene.bus().await;
    let bus = scene.restart().await;
    let listener = Recorder::new();
    let _held = register(&bus, group_a(), &listener).await;
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&listener, 1).await;
}

pub async fn redeliver_should_work_after_restart_for_old_registration(scene: Scene) {
    let bus = scene.bus().await;
    let _over = register(&bus, group_a(), &Recorder::new()).await;
    let letter = bus.store_dead_letter(&group_a(), job(1), "put down by hand", 4).await.expect("stored");
    let bus = scene.restart().await;
    let listener = Recorder::new();
    let _held = register(&bus, group_a(), &listener).await;
    bus.redeliver(&group_a(), letter).await.expect("redelivered");
    scene.until_runs(&listener, 1).await;
}

pub async fn redeliver_should_work_after_restart_for_new_registration(scene: Scene) {
    let bus = scene.bus().await;
    let letter = bus.store_dead_letter(&group_b(), job(1), "put down by hand", 4).await.expect("stored");
    let bus = scene.restart().await;
    let listener = Recorder::new();
    let _held = register(&bus, group_b(), &listener).await;
    bus.redeliver(&group_b(), letter).await.expect("redelivered");
    scene.until_runs(&listener, 1).await;
}

pub async fn a_key_registration_from_before_a_restart_is_over(scene: Scene) {
    let bus = scene.bus().await;
    let old = Recorder::new();
    let over = register_key(&bus, KEY_A, &old).await;
    let bus = scene.restart().await;
    let held = register_key(&bus, KEY_A, &old).await;
    drop(over);
    dispatch(&bus, live(1), &[KEY_A]).await;
    scene.until_runs(&old, 1).await;
    held.unregister();
    dispatch(&bus, live(2), &[KEY_A]).await;
    scene.quiet().await;
    assert_eq!(old.sequences(), [1], "heard once, by the registration from after it");
}

pub async fn dispatch_should_work_after_restart_for_new_key_registration(scene: Scene) {
    scene.bus().await;
    let bus = scene.restart().await;
    let distant = scene.another_node().await;
    let listener = Recorder::new();
    let _held = register_key(&distant, KEY_A, &listener).await;
    dispatch(&bus, live(1), &[KEY_A]).await;
    scene.until_runs(&listener, 1).await;
}

pub async fn dispatch_should_not_send_to_group_listener_when_error(scene: Scene) {
    let bus = scene.bus().await;
    let (working, hearing) = (Recorder::new(), Recorder::new());
    let _held = (register(&bus, group_a(), &working).await, register_key(&bus, KEY_A, &hearing).await);
    for message in [too_large(job(1)), too_large(live(1))] {
        let refused = bus.dispatch(message, &[KEY_A]).await;
        assert!(matches!(refused, Err(BusError::TooLarge { .. })));
    }
    dispatch(&bus, job(2), &[KEY_A]).await;
    scene.until_runs(&working, 1).await;
    scene.quiet().await;
    assert_eq!((working.sequences(), hearing.sequences()), (vec![2], vec![2]));
    assert!(!bus.has_dead_letters().await.expect("read"), "the caller was told and has it still");
}

pub async fn a_dispatch_that_failed_leaves_nothing_half_done(scene: Scene) {
    let bus = scene.bus().await;
    for group in [group_a(), group_b()] {
        register(&bus, group, &Recorder::new()).await.unregister();
    }
    scene.stop().await;
    assert!(is_unavailable(&bus.dispatch(job(1), &[]).await));
    let bus = scene.restart().await;
    let (one, other) = (Recorder::new(), Recorder::new());
    let _held = (register(&bus, group_a(), &one).await, register(&bus, group_b(), &other).await);
    scene.quiet().await;
    assert_eq!((one.runs(), other.runs()), (0, 0));
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&one, 1).await;
    scene.until_runs(&other, 1).await;
}

pub async fn re_deliver_should_add_event_in_dead_letter_when_getting_error(scene: Scene) {
    let bus = scene.bus().await;
    let _held = register(&bus, group_a(), &Recorder::new()).await;
    let letter = bus.store_dead_letter(&group_a(), job(1), "put down by hand", 4).await.expect("stored");
    scene.stop().await;
    assert!(bus.redeliver(&group_a(), letter).await.is_err());
    let bus = scene.restart().await;
    let kept = bus.dead_letter(&group_a(), letter).await.expect("read");
    assert_eq!(kept.map(|kept| kept.message), Some(job(1)));
}

pub async fn re_deliver_should_not_store_event_in_another_group_when_getting_error(scene: Scene) {
    let bus = scene.bus().await;
    let _held = (
        register(&bus, group_a(), &Recorder::new()).await,
        register(&bus, group_b(), &Recorder::new()).await,
    );
    let letter = bus.store_dead_letter(&group_a(), job(1), "put down by hand", 4).await.expect("stored");
    scene.stop().await;
    assert!(bus.redeliver(&group_a(), letter).await.is_err());
    let bus = scene.restart().await;
    assert_eq!(bus.groups_with_dead_letters().await.expect("read"), [group_a()]);
    assert_eq!(bus.dead_letters(&group_a(), 9).await.expect("read").len(), 1);
}

pub async fn in_processing_event_should_be_re_dispatched_to_another_event_bus_when_one_is_down(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    let stuck = Recorder::gated(&Arc::new(Semaphore::new(0)));
    let held = register(&distant, group_a(), &stuck).await;
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&stuck, 1).await;
    let listener = Recorder::new();
    let _held = register(&bus, group_a(), &listener).await;
    scene.quiet().await;
    assert_eq!(listener.runs(), 0, "it runs on the other node");
    held.unregister();
    scene.until_runs(&listener, 1).await;
    assert_eq!(listener.attempts(), [(1, false)]);
}

pub async fn a_job_in_mid_run_runs_again_after_a_kill(scene: Scene) {
    let bus = scene.bus().await;
    let stuck = Recorder::gated(&Arc::new(Semaphore::new(0)));
    let _over = bus.register_group(group_a(), one_at_a_time(), stuck.clone()).await.expect("registered");
    dispatch(&bus, job(1), &[]).await;
    dispatch(&bus, job(2), &[]).await;
    scene.until_runs(&stuck, 1).await;
    let bus = scene.kill().await;
    let listener = Recorder::new();
    let _held = bus.register_group(group_a(), one_at_a_time(), listener.clone()).await.expect("registered");
    scene.until_runs(&listener, 2).await;
    assert_eq!(listener.heard(), [job(1), job(2)]);
    assert_eq!(listener.attempts(), [(1, false), (1, false)]);
}

pub async fn what_was_answered_survives_a_kill(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let held = register(&bus, group_a(), &listener).await;
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&listener, 1).await;
    scene.quiet().await;
    held.unregister();
    scene.quiet().await;
    dispatch(&bus, job(2), &[]).await;
    let revision = bus.put_state(ALICE, payload(3), None, id(3)).await.expect("stored");
    bus.put(Bucket::Leases, "L", payload(4), LONG).await.expect("stored");
    let letter = bus.store_dead_letter(&group_b(), job(5), "put down by hand", 4).await.expect("stored");
    let bus = scene.kill().await;
    let state = bus.state(ALICE).await.expect("read").expect("kept");
    assert_eq!((state.revision, state.value), (revision, payload(3)));
    let value = bus.get(Bucket::Leases, "L").await.expect("read");
    assert_eq!(value.map(|value| value.value), Some(payload(4)));
    assert!(bus.dead_letter(&group_b(), letter).await.expect("read").is_some());
    let _held = register(&bus, group_a(), &listener).await;
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&listener, 2).await;
    scene.quiet().await;
    assert_eq!(listener.sequences(), [1, 2], "what is done is not done again");
}

pub async fn bulks_are_handled_gracefully(scene: Scene) {
    let bus = scene.bus().await;
    register(&bus, group_a(), &Recorder::new()).await.unregister();
    let urgencies = [Urgency::Low, Urgency::Normal, Urgency::High];
    let urgency = |sequence: u64| urgencies[(sequence % 3) as usize];
    let mut dispatching = JoinSet::new();
    for sequence in 0..BULK {
        let (bus, job) = (bus.clone(), job_of(urgency(sequence), JobKind::Alarm, sequence));
        dispatching.spawn(async move { dispatch(&bus, job, &[]).await });
    }
    dispatching.join_all().await;
    let listener = Recorder::new();
    let _held = bus.register_group(group_a(), one_at_a_time(), listener.clone()).await.expect("registered");
    let bulk = BULK as usize;
    // Each tenth has a case's patience.
    for tenth in 1..=10 {
        scene.until("a tenth is run", async || listener.runs() >= bulk / 10 * tenth).await;
    }
    scene.until_runs(&listener, bulk).await;
    let mut sequences = listener.sequences();
    let run: Vec<_> = sequences.iter().map(|&sequence| urgency(sequence)).collect();
    // The highest urgency is the first of its kind.
    assert!(run.is_sorted(), "the most urgent first");
    sequences.sort_unstable();
    assert_eq!(sequences, (0..BULK).collect::<Vec<_>>(), "each once");
}
