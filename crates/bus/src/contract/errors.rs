//! What fails: retries, outages, dead letters.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::scene::{
    How, KEY_A, Recorder, Scene, dispatch, group_a, job, live, one_at_a_time, register, register_key,
    settings,
};
use crate::{Attempt, Backoff, Bus, Failure, GroupListener, GroupSettings, Message};

/// A wait that no case sees the end of.
const LONG: Duration = Duration::from_hours(100);

fn waiting(first: Duration) -> GroupSettings {
    let backoff = Backoff { retries: 1000, first, factor: 1, longest: first };
    GroupSettings { backoff, ..one_at_a_time() }
}

/// Runs after which a job is dead, with the ordinary settings.
const ALL_RUNS: usize = 4;

async fn runs_until_done(scene: &Scene, failures: usize) -> Arc<Recorder> {
    let bus = scene.bus().await;
    let listener = Recorder::failing(failures, How::Retry);
    let _held = register(&bus, group_a(), &listener).await;
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&listener, (failures + 1).min(ALL_RUNS)).await;
    scene.quiet().await;
    let dead = bus.dead_letters(&group_a(), 9).await.expect("listed");
    assert_eq!(dead.len(), usize::from(failures >= ALL_RUNS));
    listener
}

pub async fn retrying_is_not_applied_for_key_registrations(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::failing(1, How::Retry);
    let _held = register_key(&bus, KEY_A, &listener).await;
    dispatch(&bus, live(1), &[KEY_A]).await;
    scene.until_runs(&listener, 1).await;
    scene.quiet().await;
    assert_eq!(listener.runs(), 1);
}

pub async fn listener_should_receive_when_fails_less_than_max_retries(scene: Scene) {
    assert_eq!(runs_until_done(&scene, 2).await.runs(), 3);
}

pub async fn listener_should_receive_when_fails_equals_max_retries(scene: Scene) {
    assert_eq!(runs_until_done(&scene, 3).await.runs(), 4);
}

pub async fn listener_should_not_receive_when_fails_greater_than_max_retries(scene: Scene) {
    assert_eq!(runs_until_done(&scene, 4).await.runs(), 4);
}

pub async fn exceeding_max_retries_should_stop_consuming_failed_event(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::failing(ALL_RUNS, How::Retry);
    let _held = register(&bus, group_a(), &listener).await;
    dispatch(&bus, job(1), &[]).await;
    scene.until_dead(&bus, &group_a(), 1).await;
    dispatch(&bus, job(2), &[]).await;
    scene.until_runs(&listener, ALL_RUNS + 1).await;
    assert_eq!(listener.sequences(), [1, 1, 1, 1, 2]);
}

pub async fn retries_back_off_should_delay_by_exponential_growth(scene: Scene) {
    let backoff =
        Backoff { retries: 9, first: Duration::from_secs(1), factor: 2, longest: Duration::from_secs(5) };
    let ceilings: Vec<_> = (1..=5).map(|number| backoff.ceiling(number).as_secs()).collect();
    assert_eq!(ceilings, [1, 2, 4, 5, 5]);
    let bus = scene.bus().await;
    let listener = Recorder::failing(1, How::Retry);
    let _held = bus.register_group(group_a(), waiting(LONG), listener.clone()).await.expect("registered");
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&listener, 1).await;
    scene.quiet().await;
    assert_eq!(listener.runs(), 1, "it waits before it is tried again");
}

struct Dispatching(Arc<dyn Bus>);

#[async_trait]
impl GroupListener for Dispatching {
    async fn run(&self, message: Message, attempt: Attempt) -> Result<(), Failure> {
        let answer = Message { topic: live(1).topic, ..message };
        self.0.dispatch(answer, &[KEY_A]).await.map_err(|error| Failure::Reject(error.into()))?;
        if attempt.is_last { Ok(()) } else { Err(Failure::Retry("again".into())) }
    }
}

pub async fn retrying_listener_calling_dispatch_should_not_fail(scene: Scene) {
    let bus = scene.bus().await;
    let hearing = Recorder::new();
    let _heard = register_key(&bus, KEY_A, &hearing).await;
    let dispatching = Arc::new(Dispatching(bus.clone()));
    let _held = bus.register_group(group_a(), settings(), dispatching).await.expect("registered");
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&hearing, ALL_RUNS).await;
    scene.quiet().await;
    assert_eq!(bus.groups_with_dead_letters().await.expect("listed"), []);
}

pub async fn dead_letters_is_not_applied_for_key_registrations(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::failing(9, How::Reject);
    let _held = register_key(&bus, KEY_A, &listener).await;
    dispatch(&bus, live(1), &[KEY_A]).await;
    scene.until_runs(&listener, 1).await;
    scene.quiet().await;
    assert_eq!(bus.groups_with_dead_letters().await.expect("listed"), []);
}

pub async fn dead_letter_should_not_store_when_fails_less_than_max_retries(scene: Scene) {
    runs_until_done(&scene, 1).await;
    assert_eq!(scene.bus().await.groups_with_dead_letters().await.expect("listed"), []);
}

pub async fn dead_letter_should_store_when_dispatch_fails_greater_than_max_retries(scene: Scene) {
    let bus = scene.bus().await;
    let _held = register(&bus, group_a(), &Recorder::failing(usize::MAX, How::Retry)).await;
    dispatch(&bus, job(1), &[]).await;
    scene.until_dead(&bus, &group_a(), 1).await;
    let dead = bus.dead_letters(&group_a(), 9).await.expect("listed").remove(0);
    assert_eq!((dead.message, dead.attempts), (job(1), 4));
    assert_eq!(dead.reason, "told to fail");
    assert_eq!(bus.groups_with_dead_letters().await.expect("listed"), [group_a()]);
}

pub async fn dead_letter_should_store_when_redeliver_fails_greater_than_max_retries(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::failing(usize::MAX, How::Retry);
    let _held = register(&bus, group_a(), &listener).await;
    let id = bus.store_dead_letter(&group_a(), job(1), "put down by hand", 1).await.expect("stored");
    bus.redeliver(&group_a(), id).await.expect("redelivered");
    scene.until_dead(&bus, &group_a(), 1).await;
    assert_eq!(listener.runs(), ALL_RUNS);
}

pub async fn retry_should_deliver_as_many_times_as_initial_delivery_attempt(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::failing(usize::MAX, How::Retry);
    let _held = register(&bus, group_a(), &listener).await;
    dispatch(&bus, job(1), &[]).await;
    scene.until_dead(&bus, &group_a(), 1).await;
    assert_eq!(listener.runs(), ALL_RUNS);
    let dead = bus.dead_letters(&group_a(), 9).await.expect("listed").remove(0);
    bus.redeliver(&group_a(), dead.id).await.expect("redelivered");
    scene.until_runs(&listener, 2 * ALL_RUNS).await;
    scene.until_dead(&bus, &group_a(), 1).await;
}

pub async fn redeliver_should_not_send_events_to_key_listeners(scene: Scene) {
    let bus = scene.bus().await;
    let (listener, hearing) = (Recorder::new(), Recorder::new());
    let _held = (register(&bus, group_a(), &listener).await, register_key(&bus, KEY_A, &hearing).await);
    let id = bus.store_dead_letter(&group_a(), job(1), "put down by hand", 1).await.expect("stored");
    bus.redeliver(&group_a(), id).await.expect("redelivered");
    scene.until_runs(&listener, 1).await;
    scene.quiet().await;
    assert_eq!(hearing.runs(), 0);
}

pub async fn attempts_are_numbered_and_the_last_one_knows(scene: Scene) {
    let listener = runs_until_done(&scene, ALL_RUNS).await;
    assert_eq!(listener.attempts(), [(1, false), (2, false), (3, false), (4, true)]);
}

pub async fn a_rejected_job_is_a_dead_letter_at_once(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::failing(1, How::Reject);
    let _held = register(&bus, group_a(), &listener).await;
    dispatch(&bus, job(1), &[]).await;
    scene.until_dead(&bus, &group_a(), 1).await;
    scene.quiet().await;
    assert_eq!(listener.runs(), 1);
    let dead = bus.dead_letters(&group_a(), 9).await.expect("listed").remove(0);
    assert_eq!((dead.message, dead.attempts), (job(1), 1));
}

pub async fn an_outage_burns_no_attempt(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::failing(2 * ALL_RUNS, How::Outage);
    let _held = register(&bus, group_a(), &listener).await;
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&listener, 2 * ALL_RUNS + 1).await;
    assert!(listener.attempts().iter().all(|&attempt| attempt == (1, false)));
    scene.quiet().await;
    assert_eq!(bus.groups_with_dead_letters().await.expect("listed"), []);
}

pub async fn an_outage_pauses_the_group(scene: Scene) {
    let bus = scene.bus().await;
    let pause = Duration::from_secs(2);
    let listener = Recorder::failing(1, How::Outage);
    let _held = bus.register_group(group_a(), waiting(pause), listener.clone()).await.expect("registered");
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&listener, 1).await;
    dispatch(&bus, job(2), &[]).await;
    scene.quiet().await;
    assert_eq!(listener.sequences(), [1]);
    scene.pass(pause).await;
    scene.until_runs(&listener, 3).await;
    assert_eq!(listener.sequences(), [1, 1, 2]);
}

pub async fn a_pause_ends_when_the_listener_says_that_all_is_back(scene: Scene) {
    let bus = scene.bus().await;
    let recovery = Arc::new(Semaphore::new(0));
    let listener = Recorder::waiting_for(&recovery, 2);
    let _held = bus.register_group(group_a(), waiting(LONG), listener.clone()).await.expect("registered");
    dispatch(&bus, job(1), &[]).await;
    for runs in 1..=2 {
        scene.until_runs(&listener, runs).await;
        scene.quiet().await;
        assert_eq!(listener.runs(), runs, "the group pauses until it is told");
        recovery.add_permits(1);
    }
    scene.until_runs(&listener, 3).await;
    assert_eq!(listener.attempts(), [(1, false); 3]);
}

pub async fn waiting_retries_hold_no_slot(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::failing(3, How::Retry);
    let _held = bus.register_group(group_a(), waiting(LONG), listener.clone()).await.expect("registered");
    for sequence in 1..=5 {
        dispatch(&bus, job(sequence), &[]).await;
    }
    scene.until_runs(&listener, 5).await;
    assert_eq!(listener.sequences(), [1, 2, 3, 4, 5]);
}

pub async fn a_retry_survives_a_restart(scene: Scene) {
    let bus = scene.bus().await;
    let failing = Recorder::failing(usize::MAX, How::Retry);
    let held = bus
        .register_group(group_a(), waiting(Duration::from_secs(3)), failing.clone())
        .await
        .expect("registered");
    dispatch(&bus, job(1), &[]).await;
    scene.until("a run", async || failing.done() > 0).await;
    scene.quiet().await;
    drop((bus, held));
    let bus = scene.restart().await;
    let listener = Recorder::new();
    let _held = register(&bus, group_a(), &listener).await;
    scene.until_runs(&listener, 1).await;
    assert!(listener.attempts()[0].0 > 1, "attempts made before count");
}

pub async fn a_panic_is_a_failed_attempt(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::failing(1, How::Panic);
    let _held = register(&bus, group_a(), &listener).await;
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&listener, 2).await;
    assert_eq!(listener.attempts(), [(1, false), (2, false)]);
}

pub async fn a_run_over_its_time_is_a_failed_attempt(scene: Scene) {
    let bus = scene.bus().await;
    let gate = Arc::new(Semaphore::new(0));
    let listener = Recorder::gated(&gate);
    let hasty = GroupSettings { run_timeout: Duration::from_millis(200), ..settings() };
    let _held = bus.register_group(group_a(), hasty, listener.clone()).await.expect("registered");
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&listener, 1).await;
    scene.until_runs(&listener, 2).await;
    gate.add_permits(1);
    scene.until("the second run ends", async || listener.done() == 1).await;
    assert_eq!(listener.attempts(), [(1, false), (2, false)]);
}
