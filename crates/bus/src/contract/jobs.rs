//! Jobs: once each, in order, over restarts.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::scene::{
    ALICE, Recorder, Scene, dispatch, group_a, job, job_of, one_at_a_time, register, settings,
};
use crate::{GroupSettings, JobKind, Topic, Urgency};

pub async fn a_job_dispatched_twice_runs_once(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let held = register(&bus, group_a(), &listener).await;
    held.unregister();
    dispatch(&bus, job(1), &[]).await;
    dispatch(&bus, job(1), &[]).await;
    let _held = register(&bus, group_a(), &listener).await;
    scene.until_runs(&listener, 1).await;
    scene.quiet().await;
    dispatch(&bus, job(1), &[]).await;
    scene.quiet().await;
    assert_eq!(listener.runs(), 1, "neither while it waits nor when it is done");
}

pub async fn one_event_may_be_two_jobs(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let _held = register(&bus, group_a(), &listener).await;
    dispatch(&bus, job_of(Urgency::Normal, JobKind::Alarm, 1), &[]).await;
    dispatch(&bus, job_of(Urgency::Normal, JobKind::Sieve, 1), &[]).await;
    scene.until_runs(&listener, 2).await;
}

pub async fn higher_urgency_goes_first(scene: Scene) {
    let bus = scene.bus().await;
    register(&bus, group_a(), &Recorder::new()).await.unregister();
    for (sequence, urgency) in
        [(1, Urgency::Low), (2, Urgency::Normal), (3, Urgency::High), (4, Urgency::High)]
    {
        dispatch(&bus, job_of(urgency, JobKind::Sieve, sequence), &[]).await;
    }
    let listener = Recorder::new();
    let _held = bus.register_group(group_a(), one_at_a_time(), listener.clone()).await.expect("registered");
    scene.until_runs(&listener, 4).await;
    assert_eq!(listener.sequences(), [3, 4, 2, 1]);
}

pub async fn jobs_of_one_urgency_go_in_order_of_age(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let _held = bus.register_group(group_a(), one_at_a_time(), listener.clone()).await.expect("registered");
    for sequence in 0..20 {
        dispatch(&bus, job(sequence), &[]).await;
    }
    scene.until_runs(&listener, 20).await;
    assert_eq!(listener.sequences(), (0..20).collect::<Vec<_>>());
}

pub async fn jobs_wait_while_nobody_listens(scene: Scene) {
    let bus = scene.bus().await;
    register(&bus, group_a(), &Recorder::new()).await.unregister();
    dispatch(&bus, job(1), &[]).await;
    let listener = Recorder::new();
    let _held = register(&bus, group_a(), &listener).await;
    scene.until_runs(&listener, 1).await;
}

pub async fn jobs_survive_a_restart(scene: Scene) {
    let bus = scene.bus().await;
    let stuck = Recorder::gated(&Arc::new(Semaphore::new(0)));
    let _held = bus.register_group(group_a(), one_at_a_time(), stuck.clone()).await.expect("registered");
    dispatch(&bus, job(1), &[]).await;
    dispatch(&bus, job(2), &[]).await;
    scene.until_runs(&stuck, 1).await;
    drop(bus);
    let bus = scene.restart().await;
    let listener = Recorder::new();
    let _held = bus.register_group(group_a(), one_at_a_time(), listener.clone()).await.expect("registered");
    scene.until_runs(&listener, 2).await;
    assert_eq!(listener.heard(), [job(1), job(2)]);
    assert_eq!(listener.attempts(), [(1, false), (1, false)], "a run that was cut off burns no attempt");
}

pub async fn a_finished_job_is_known_after_a_restart(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let _held = register(&bus, group_a(), &listener).await;
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&listener, 1).await;
    scene.quiet().await;
    drop(bus);
    let bus = scene.restart().await;
    let _held = register(&bus, group_a(), &listener).await;
    dispatch(&bus, job(1), &[]).await;
    dispatch(&bus, job(2), &[]).await;
    scene.until_runs(&listener, 2).await;
    assert_eq!(listener.sequences(), [1, 2]);
}

pub async fn a_group_may_change_its_kinds(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let of = |kind| GroupSettings { kinds: vec![kind], ..settings() };
    let held = bus.register_group(group_a(), of(JobKind::Alarm), listener.clone()).await.expect("registered");
    held.unregister();
    let _held =
        bus.register_group(group_a(), of(JobKind::Sieve), listener.clone()).await.expect("registered");
    dispatch(&bus, job_of(Urgency::High, JobKind::Alarm, 1), &[]).await;
    dispatch(&bus, job_of(Urgency::High, JobKind::Sieve, 2), &[]).await;
    scene.until_runs(&listener, 1).await;
    assert_eq!(listener.heard()[0].topic, Topic::Job(Urgency::High, JobKind::Sieve, ALICE));
}

pub async fn a_registration_dropped_in_mid_run_burns_no_attempt(scene: Scene) {
    let bus = scene.bus().await;
    let stuck = Recorder::gated(&Arc::new(Semaphore::new(0)));
    let held = register(&bus, group_a(), &stuck).await;
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&stuck, 1).await;
    held.unregister();
    let listener = Recorder::new();
    let _held = register(&bus, group_a(), &listener).await;
    scene.until_runs(&listener, 1).await;
    assert_eq!(listener.attempts(), [(1, false)]);
    assert_eq!(stuck.done(), 0, "the first run was cut off");
}
