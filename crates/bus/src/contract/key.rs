//! Keys: live, on every node that registered, never retried.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::scene::{
    ALICE, How, KEY_A, KEY_B, Recorder, Scene, dispatch, id, job, live, noop, payload, register_key,
};
use crate::{Bus, Failure, KeyListener, Message, Registration, Topic};

/// Dispatchers at the same time.
const DISPATCHERS: u64 = 5;

pub async fn notification_should_not_exceed_rate(scene: Scene) {
    let bus = scene.bus().await;
    let gate = Arc::new(Semaphore::new(0));
    let listener = Recorder::gated(&gate);
    let _held = register_key(&bus, KEY_A, &listener).await;
    for dispatcher in 0..DISPATCHERS {
        let bus = bus.clone();
        tokio::spawn(async move {
            for sequence in 0..10 {
                dispatch(&bus, live(dispatcher * 10 + sequence), &[KEY_A]).await;
            }
        });
    }
    scene.until("each hands one out", async || listener.runs() >= 5).await;
    scene.quiet().await;
    gate.add_permits(50);
    scene.until("all are heard", async || listener.done() == 50).await;
    assert_eq!(listener.most_at_once(), 5, "a dispatcher waits for what it handed out");
}

pub async fn notification_should_deliver_a_single_event_to_all_listeners_at_the_same_time(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    let gate = Arc::new(Semaphore::new(0));
    let listeners: Vec<_> = (0..10).map(|_| Recorder::gated(&gate)).collect();
    let mut held = Vec::new();
    for (place, listener) in listeners.iter().enumerate() {
        held.push(register_key(if place % 2 == 0 { &bus } else { &distant }, KEY_A, listener).await);
    }
    let dispatching = tokio::spawn(async move { dispatch(&bus, live(1), &[KEY_A]).await });
    let begun = async || listeners.iter().all(|listener| listener.runs() == 1);
    scene.until("all of them hear it", begun).await;
    assert!(listeners.iter().all(|listener| listener.done() == 0), "none waits for another");
    gate.add_permits(10);
    dispatching.await.expect("dispatch ends");
}

pub async fn registered_listeners_should_not_receive_noop_events(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let _held = register_key(&bus, KEY_A, &listener).await;
    dispatch(&bus, noop(live(1)), &[KEY_A]).await;
    dispatch(&bus, noop(job(2)), &[KEY_A]).await;
    dispatch(&bus, live(3), &[KEY_A]).await;
    scene.until("the last is heard", async || listener.sequences().contains(&3)).await;
    assert_eq!(listener.sequences(), [3]);
}

pub async fn registered_listeners_should_receive_only_handled_events(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::deaf_to(0);
    let _held = register_key(&bus, KEY_A, &listener).await;
    let state = Message { id: id(1), topic: Topic::State(ALICE), payload: payload(1) };
    dispatch(&bus, state, &[KEY_A]).await;
    dispatch(&bus, live(2), &[KEY_A]).await;
    scene.until_runs(&listener, 1).await;
    assert_eq!(listener.sequences(), [2]);
}

pub async fn dispatch_should_not_throw_when_a_registered_listener_fails(scene: Scene) {
    let bus = scene.bus().await;
    let (failing, panicking) = (Recorder::failing(1, How::Reject), Recorder::failing(1, How::Panic));
    let _held = (register_key(&bus, KEY_A, &failing).await, register_key(&bus, KEY_A, &panicking).await);
    dispatch(&bus, live(1), &[KEY_A]).await;
    scene.until_runs(&failing, 1).await;
    scene.until_runs(&panicking, 1).await;
}

pub async fn dispatch_should_not_notify_registered_listener_when_empty_key_set(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let _held = register_key(&bus, KEY_A, &listener).await;
    dispatch(&bus, live(1), &[]).await;
    scene.quiet().await;
    assert_eq!(listener.runs(), 0);
}

pub async fn dispatch_should_not_notify_listener_registered_on_other_keys(scene: Scene) {
    let bus = scene.bus().await;
    let (listener, other) = (Recorder::new(), Recorder::new());
    let _held = (register_key(&bus, KEY_B, &listener).await, register_key(&bus, KEY_A, &other).await);
    dispatch(&bus, live(1), &[KEY_A]).await;
    scene.until_runs(&other, 1).await;
    scene.quiet().await;
    assert_eq!(listener.runs(), 0);
}

pub async fn dispatch_should_notify_registered_listeners(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let _held = register_key(&bus, KEY_A, &listener).await;
    dispatch(&bus, live(1), &[KEY_A]).await;
    scene.until_runs(&listener, 1).await;
    assert_eq!(listener.heard(), [live(1)]);
}

pub async fn dispatch_should_notify_local_registered_listener_without_delay(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let _held = register_key(&bus, KEY_A, &listener).await;
    dispatch(&bus, live(1), &[KEY_A]).await;
    assert_eq!(listener.runs(), 1, "dispatch waited for it");
}

pub async fn dispatch_should_notify_only_registered_listener(scene: Scene) {
    let bus = scene.bus().await;
    let (registered, other) = (Recorder::new(), Recorder::new());
    let _held = register_key(&bus, KEY_A, &registered).await;
    dispatch(&bus, live(1), &[KEY_A]).await;
    scene.until_runs(&registered, 1).await;
    assert_eq!(other.runs(), 0);
}

pub async fn dispatch_should_notify_all_listeners_registered_on_a_key(scene: Scene) {
    let bus = scene.bus().await;
    let (one, other) = (Recorder::new(), Recorder::new());
    let _held = (register_key(&bus, KEY_A, &one).await, register_key(&bus, KEY_A, &other).await);
    dispatch(&bus, live(1), &[KEY_A]).await;
    scene.until_runs(&one, 1).await;
    scene.until_runs(&other, 1).await;
}

pub async fn register_should_allow_duplicated_registration(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let _held = (register_key(&bus, KEY_A, &listener).await, register_key(&bus, KEY_A, &listener).await);
    dispatch(&bus, live(1), &[KEY_A]).await;
    scene.until_runs(&listener, 1).await;
    scene.quiet().await;
    assert_eq!(listener.runs(), 1);
}

pub async fn unregister_should_remove_double_registered_listener(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let first = register_key(&bus, KEY_A, &listener).await;
    register_key(&bus, KEY_A, &listener).await.unregister();
    dispatch(&bus, live(1), &[KEY_A]).await;
    scene.quiet().await;
    assert_eq!(listener.runs(), 0);
    let _held = register_key(&bus, KEY_A, &listener).await;
    first.unregister();
    dispatch(&bus, live(2), &[KEY_A]).await;
    scene.until_runs(&listener, 1).await;
    assert_eq!(listener.sequences(), [2], "what is over ends nothing that began later");
}

pub async fn unregister_should_be_idempotent_for_key_registrations(scene: Scene) {
    let bus = scene.bus().await;
    let (listener, other) = (Recorder::new(), Recorder::new());
    let over = register_key(&bus, KEY_A, &listener).await;
    let _held = register_key(&bus, KEY_A, &other).await;
    over.unregister();
    over.unregister();
    drop(over);
    dispatch(&bus, live(1), &[KEY_A]).await;
    scene.until_runs(&other, 1).await;
    scene.quiet().await;
    assert_eq!(listener.runs(), 0);
}

pub async fn register_should_not_dispatch_past_events(scene: Scene) {
    let bus = scene.bus().await;
    dispatch(&bus, live(1), &[KEY_A]).await;
    let listener = Recorder::new();
    let _held = register_key(&bus, KEY_A, &listener).await;
    scene.quiet().await;
    assert_eq!(listener.runs(), 0);
}

pub async fn calling_all_unregister_method_should_unregister_the_listener(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let (one, other) =
        (register_key(&bus, KEY_A, &listener).await, register_key(&bus, KEY_A, &listener).await);
    one.unregister();
    other.unregister();
    dispatch(&bus, live(1), &[KEY_A]).await;
    scene.quiet().await;
    assert_eq!(listener.runs(), 0);
}

pub async fn unregister_should_have_not_notify_when_called_on_different_keys(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let _held = register_key(&bus, KEY_A, &listener).await;
    register_key(&bus, KEY_B, &listener).await.unregister();
    dispatch(&bus, live(1), &[KEY_A]).await;
    dispatch(&bus, live(2), &[KEY_B]).await;
    scene.until_runs(&listener, 1).await;
    scene.quiet().await;
    assert_eq!(listener.sequences(), [1]);
}

pub async fn dispatch_should_accept_several_keys(scene: Scene) {
    let bus = scene.bus().await;
    let (one, other) = (Recorder::new(), Recorder::new());
    let _held = (register_key(&bus, KEY_A, &one).await, register_key(&bus, KEY_B, &other).await);
    dispatch(&bus, live(1), &[KEY_A, KEY_B]).await;
    scene.until_runs(&one, 1).await;
    scene.until_runs(&other, 1).await;
}

pub async fn dispatch_should_call_listener_once_when_several_keys_matching(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let _held = (register_key(&bus, KEY_A, &listener).await, register_key(&bus, KEY_B, &listener).await);
    dispatch(&bus, live(1), &[KEY_A, KEY_B, KEY_A]).await;
    scene.until_runs(&listener, 1).await;
    scene.quiet().await;
    assert_eq!(listener.runs(), 1);
}

pub async fn dispatch_should_not_notify_unregistered_listener(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    register_key(&bus, KEY_A, &listener).await.unregister();
    dispatch(&bus, live(1), &[KEY_A]).await;
    scene.quiet().await;
    assert_eq!(listener.runs(), 0);
}

pub async fn dispatch_should_notify_asynchronous_listener(scene: Scene) {
    let bus = scene.bus().await;
    let gate = Arc::new(Semaphore::new(1));
    let listener = Recorder::asynchronous(&gate);
    let _held = register_key(&bus, KEY_A, &listener).await;
    dispatch(&bus, live(1), &[KEY_A]).await;
    scene.until("its end", async || listener.done() == 1).await;
}

pub async fn dispatch_should_not_block_asynchronous_listener(scene: Scene) {
    let bus = scene.bus().await;
    let gate = Arc::new(Semaphore::new(0));
    let listener = Recorder::asynchronous(&gate);
    let _held = register_key(&bus, KEY_A, &listener).await;
    dispatch(&bus, live(1), &[KEY_A]).await;
    dispatch(&bus, live(2), &[KEY_A]).await;
    scene.until_runs(&listener, 2).await;
    assert_eq!(listener.done(), 0, "both dispatches returned before it ended");
    gate.add_permits(2);
    scene.until("both ends", async || listener.done() == 2).await;
}

pub async fn failing_registered_listeners_should_not_abort_registered_delivery(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::failing(1, How::Retry);
    let _held = register_key(&bus, KEY_A, &listener).await;
    dispatch(&bus, live(1), &[KEY_A]).await;
    dispatch(&bus, live(2), &[KEY_A]).await;
    scene.until_runs(&listener, 2).await;
    assert_eq!(listener.sequences(), [1, 2]);
}

pub async fn all_registered_listeners_should_be_executed_when_a_registered_listener_fails(scene: Scene) {
    let bus = scene.bus().await;
    let listeners = [
        Recorder::new(),
        Recorder::failing(9, How::Panic),
        Recorder::failing(9, How::Outage),
        Recorder::new(),
    ];
    let mut held = Vec::new();
    for listener in &listeners {
        held.push(register_key(&bus, KEY_A, listener).await);
    }
    dispatch(&bus, live(1), &[KEY_A]).await;
    for listener in &listeners {
        scene.until_runs(listener, 1).await;
    }
}

pub async fn dispatch_should_notify_listener_when_multi_events(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let _held = register_key(&bus, KEY_A, &listener).await;
    for sequence in 0..20 {
        dispatch(&bus, live(sequence), &[KEY_A]).await;
    }
    scene.until_runs(&listener, 20).await;
    assert_eq!(listener.sequences(), (0..20).collect::<Vec<_>>(), "in the order of dispatch");
}

pub async fn cross_event_bus_registration_should_be_allowed(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    let listener = Recorder::new();
    let _held = register_key(&distant, KEY_A, &listener).await;
    dispatch(&bus, live(1), &[KEY_A]).await;
    scene.until_runs(&listener, 1).await;
}

pub async fn unregistered_distant_listeners_should_not_be_notified(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    let listener = Recorder::new();
    register_key(&distant, KEY_A, &listener).await.unregister();
    dispatch(&bus, live(1), &[KEY_A]).await;
    scene.quiet().await;
    assert_eq!(listener.runs(), 0);
}

pub async fn all_registered_listeners_should_be_dispatched(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    let (near, far) = (Recorder::new(), Recorder::new());
    let _held = (register_key(&bus, KEY_A, &near).await, register_key(&distant, KEY_A, &far).await);
    dispatch(&bus, live(1), &[KEY_A]).await;
    scene.until_runs(&near, 1).await;
    scene.until_runs(&far, 1).await;
    scene.quiet().await;
    assert_eq!((near.runs(), far.runs()), (1, 1), "a node does not hear its own echo");
}

pub async fn register_should_not_dispatch_past_events_in_distributed_context(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    dispatch(&bus, live(1), &[KEY_A]).await;
    let listener = Recorder::new();
    let _held = register_key(&distant, KEY_A, &listener).await;
    dispatch(&bus, live(2), &[KEY_A]).await;
    scene.until("the second", async || listener.sequences().contains(&2)).await;
    assert_eq!(listener.sequences(), [2]);
}

pub async fn local_dispatched_listeners_should_be_dispatched_without_delay(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    let (near, far) = (Recorder::new(), Recorder::new());
    let _held = (register_key(&distant, KEY_A, &far).await, register_key(&bus, KEY_A, &near).await);
    dispatch(&bus, live(1), &[KEY_A]).await;
    assert_eq!(near.runs(), 1);
    scene.until_runs(&far, 1).await;
}

struct Leaving {
    bus: Arc<dyn Bus>,
    own: Mutex<Option<Registration>>,
    next: Arc<Recorder>,
    held: Mutex<Option<Registration>>,
}

#[async_trait]
impl KeyListener for Leaving {
    async fn hear(&self, _: Arc<Message>) -> Result<(), Failure> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).take();
        let held = self.bus.register_key(KEY_A, self.next.clone()).await;
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = held.ok();
        Ok(())
    }
}

pub async fn a_listener_may_register_and_unregister_while_it_hears(scene: Scene) {
    let bus = scene.bus().await;
    let next = Recorder::new();
    let leaving = Arc::new(Leaving {
        bus: bus.clone(),
        own: Mutex::default(),
        next: next.clone(),
        held: Mutex::default(),
    });
    let own = bus.register_key(KEY_A, leaving.clone()).await.expect("key is registered");
    *leaving.own.lock().unwrap_or_else(PoisonError::into_inner) = Some(own);
    dispatch(&bus, live(1), &[KEY_A]).await;
    let has_moved = async || leaving.held.lock().unwrap_or_else(PoisonError::into_inner).is_some();
    scene.until("the listener moved", has_moved).await;
    dispatch(&bus, live(2), &[KEY_A]).await;
    scene.until("the next one hears", async || next.sequences().contains(&2)).await;
}
