//! Groups: once per cluster, durable, acknowledged.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::scene::{
    How, KEY_A, Recorder, Scene, dispatch, group_a, group_b, job, job_of, live, noop, one_at_a_time,
    register, register_key, settings,
};
use crate::{
    Attempt, Bus, BusError, Failure, Group, GroupListener, GroupSettings, JobKind, Message, Urgency,
};

pub async fn group_delivery_should_not_exceed_rate(scene: Scene) {
    let bus = scene.bus().await;
    let gate = Arc::new(Semaphore::new(0));
    let listener = Recorder::gated(&gate);
    let _held = register(&bus, group_a(), &listener).await;
    for sequence in 0..30 {
        dispatch(&bus, job(sequence), &[]).await;
    }
    scene.until_runs(&listener, settings().concurrency).await;
    scene.quiet().await;
    gate.add_permits(30);
    scene.until_runs(&listener, 30).await;
    assert_eq!(listener.most_at_once(), settings().concurrency);
}

pub async fn group_notification_should_deliver_a_single_event_to_all_listeners_at_the_same_time(
    scene: Scene,
) {
    let bus = scene.bus().await;
    let gate = Arc::new(Semaphore::new(0));
    let (one, other) = (Recorder::gated(&gate), Recorder::gated(&gate));
    let _held = (register(&bus, group_a(), &one).await, register(&bus, group_b(), &other).await);
    dispatch(&bus, job(1), &[]).await;
    scene.until("both run", async || one.runs() + other.runs() == 2).await;
}

struct Dispatching(Arc<dyn Bus>);

#[async_trait]
impl GroupListener for Dispatching {
    async fn run(&self, message: Message, _: Attempt) -> Result<(), Failure> {
        let answer = Message { topic: live(1).topic, ..message };
        self.0.dispatch(answer, &[KEY_A]).await.map_err(|error| Failure::Retry(error.into()))
    }
}

pub async fn listeners_should_be_able_to_dispatch(scene: Scene) {
    let bus = scene.bus().await;
    let hearing = Recorder::new();
    let _heard = bus.register_key(KEY_A, hearing.clone()).await.expect("key is registered");
    let dispatching = Arc::new(Dispatching(bus.clone()));
    let _held = bus.register_group(group_a(), settings(), dispatching).await.expect("group is registered");
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&hearing, 1).await;
}

pub async fn register_should_not_dispatch_past_events_for_groups(scene: Scene) {
    let bus = scene.bus().await;
    dispatch(&bus, job(1), &[]).await;
    let listener = Recorder::new();
    let _held = register(&bus, group_a(), &listener).await;
    dispatch(&bus, job(2), &[]).await;
    scene.until_runs(&listener, 1).await;
    assert_eq!(listener.sequences(), [2]);
}

pub async fn listener_group_should_receive_events(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let _held = register(&bus, group_a(), &listener).await;
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&listener, 1).await;
    assert_eq!(listener.heard(), [job(1)]);
    scene.quiet().await;
    assert_eq!(listener.runs(), 1, "what is done is not done again");
}

pub async fn group_listeners_should_not_receive_noop_events(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let _held = register(&bus, group_a(), &listener).await;
    dispatch(&bus, noop(job(1)), &[]).await;
    dispatch(&bus, job(2), &[]).await;
    scene.until_runs(&listener, 1).await;
    scene.quiet().await;
    assert_eq!(listener.sequences(), [2]);
}

pub async fn group_listeners_should_receive_only_handled_events(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::deaf_to(1);
    let held = bus.register_group(group_a(), one_at_a_time(), listener.clone()).await.expect("registered");
    dispatch(&bus, job(1), &[]).await;
    dispatch(&bus, job(2), &[]).await;
    scene.until_runs(&listener, 1).await;
    assert_eq!(listener.sequences(), [2]);
    held.unregister();
    let next = Recorder::new();
    let _held = register(&bus, group_a(), &next).await;
    dispatch(&bus, job(3), &[]).await;
    scene.until("the next job", async || next.sequences().contains(&3)).await;
    assert!(!next.sequences().contains(&1), "what is not handled is acknowledged");
}

pub async fn group_listeners_should_receive_only_their_kinds(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let sieve = GroupSettings { kinds: vec![JobKind::Sieve], ..settings() };
    let _held = bus.register_group(group_a(), sieve, listener.clone()).await.expect("registered");
    dispatch(&bus, job_of(Urgency::High, JobKind::Alarm, 1), &[]).await;
    dispatch(&bus, live(2), &[]).await;
    dispatch(&bus, job_of(Urgency::Low, JobKind::Sieve, 3), &[]).await;
    scene.until_runs(&listener, 1).await;
    assert_eq!(listener.sequences(), [3]);
}

pub async fn dispatch_should_not_throw_when_a_group_listener_fails(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::failing(1, How::Retry);
    let _held = register(&bus, group_a(), &listener).await;
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&listener, 2).await;
}

pub async fn each_listener_group_should_receive_events(scene: Scene) {
    let bus = scene.bus().await;
    let (one, other) = (Recorder::new(), Recorder::new());
    let _held = (register(&bus, group_a(), &one).await, register(&bus, group_b(), &other).await);
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&one, 1).await;
    scene.until_runs(&other, 1).await;
}

pub async fn unregistered_group_listener_should_not_receive_events(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    register(&bus, group_a(), &listener).await.unregister();
    dispatch(&bus, job(1), &[]).await;
    scene.quiet().await;
    assert_eq!(listener.runs(), 0);
}

pub async fn register_should_throw_when_a_group_is_already_used(scene: Scene) {
    let bus = scene.bus().await;
    let _held = register(&bus, group_a(), &Recorder::new()).await;
    let second = bus.register_group(group_a(), settings(), Recorder::new()).await;
    assert!(matches!(second, Err(BusError::GroupTaken)));
}

pub async fn register_should_not_throw_on_an_unregistered_group(scene: Scene) {
    let bus = scene.bus().await;
    for _ in 0..3 {
        let registered = bus.register_group(group_a(), settings(), Recorder::new()).await;
        registered.expect("the place is free at once").unregister();
    }
}

pub async fn unregister_should_be_idempotent_for_groups(scene: Scene) {
    let bus = scene.bus().await;
    let over = register(&bus, group_a(), &Recorder::new()).await;
    over.unregister();
    over.unregister();
    let listener = Recorder::new();
    let _held = register(&bus, group_a(), &listener).await;
    over.unregister();
    drop(over);
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&listener, 1).await;
    let second = bus.register_group(group_a(), settings(), Recorder::new()).await;
    assert!(matches!(second, Err(BusError::GroupTaken)), "the place is the next one's");
}

pub async fn register_should_accept_already_unregistered_groups(scene: Scene) {
    let bus = scene.bus().await;
    register(&bus, group_a(), &Recorder::new()).await.unregister();
    let listener = Recorder::new();
    let _held = register(&bus, group_a(), &listener).await;
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&listener, 1).await;
}

pub async fn dispatch_should_call_synchronous_listener(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let _held = (register(&bus, group_a(), &listener).await, register_key(&bus, KEY_A, &listener).await);
    dispatch(&bus, job(1), &[KEY_A]).await;
    assert!(listener.runs() >= 1, "dispatch waited for it as the listener of a key");
    scene.until_runs(&listener, 2).await;
    assert_eq!(listener.heard(), [job(1), job(1)]);
}

pub async fn failing_group_listeners_should_not_abort_group_delivery(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::failing(1, How::Panic);
    let _held = register(&bus, group_a(), &listener).await;
    dispatch(&bus, job(1), &[]).await;
    dispatch(&bus, job(2), &[]).await;
    scene.until_runs(&listener, 3).await;
}

pub async fn all_group_listeners_should_be_executed_when_a_group_listener_fails(scene: Scene) {
    let bus = scene.bus().await;
    let (failing, other) = (Recorder::failing(usize::MAX, How::Retry), Recorder::new());
    let _held = (register(&bus, group_a(), &failing).await, register(&bus, group_b(), &other).await);
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&other, 1).await;
}

pub async fn all_group_listeners_should_be_executed_when_generic_groups(scene: Scene) {
    let bus = scene.bus().await;
    let mut listeners = Vec::new();
    for name in ["mail", "mail.alarm", "mail alarm", "MAIL", "mail>", "*", "'; --", "Ünïcode/№ 7"] {
        let listener = Recorder::new();
        let held = register(&bus, Group(name.to_owned()), &listener).await;
        listeners.push((name, listener, held));
    }
    dispatch(&bus, job(1), &[]).await;
    for (name, listener, _held) in &listeners {
        scene.until(name, async || listener.runs() >= 1).await;
    }
    scene.quiet().await;
    assert!(listeners.iter().all(|(_, listener, _)| listener.runs() == 1), "a name is taken as it is");
}

pub async fn groups_defined_only_on_some_nodes_should_be_notified_when_dispatch(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    let listener = Recorder::new();
    let _held = register(&distant, group_a(), &listener).await;
    dispatch(&bus, job(1), &[]).await;
    scene.until_runs(&listener, 1).await;
}

pub async fn group_listeners_should_be_executed_once_in_a_controlled_environment(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    let listener = Recorder::new();
    let _held = (register(&bus, group_a(), &listener).await, register(&distant, group_a(), &listener).await);
    for sequence in 0..50 {
        dispatch(&bus, job(sequence), &[]).await;
    }
    scene.until("all run", async || listener.runs() >= 50).await;
    scene.quiet().await;
    let mut sequences = listener.sequences();
    sequences.sort_unstable();
    assert_eq!(sequences, (0..50).collect::<Vec<_>>());
}

pub async fn unregister_should_stop_notification_for_distant_groups(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    let listener = Recorder::new();
    register(&distant, group_a(), &listener).await.unregister();
    dispatch(&bus, job(1), &[]).await;
    scene.quiet().await;
    assert_eq!(listener.runs(), 0);
}

pub async fn register_should_not_dispatch_past_events_for_groups_in_a_distributed_context(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    dispatch(&bus, job(1), &[]).await;
    let listener = Recorder::new();
    let _held = register(&distant, group_a(), &listener).await;
    dispatch(&bus, job(2), &[]).await;
    scene.until_runs(&listener, 1).await;
    assert_eq!(listener.sequences(), [2]);
}
