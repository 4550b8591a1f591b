//! Keys: live, on every node that registered, never retried.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::scene::{ALICE, How, KEY_A, KEY_B, Recorder, Scene, dispatch, id, live, payload, register_key};
use crate::{Bus, Failure, KeyListener, Message, Registration, Topic};

pub async fn notification_should_deliver_a_single_event_to_all_listeners(scene: Scene) {
    let bus = scene.bus().await;
    let listeners: Vec<_> = (0..10).map(|_| Recorder::new()).collect();
    let mut held = Vec::new();
    for listener in &listeners {
        held.push(register_key(&bus, KEY_A, listener).await);
    }
    dispatch(&bus, live(1), &[KEY_A]).await;
    for listener in &listeners {
        scene.until_runs(listener, 1).await;
    }
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

pub async fn unregister_should_end_only_its_own_registration(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let _held = register_key(&bus, KEY_A, &listener).await;
    register_key(&bus, KEY_A, &listener).await.unregister();
    dispatch(&bus, live(1), &[KEY_A]).await;
    scene.until_runs(&listener, 1).await;
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

pub async fn unregister_should_not_affect_different_keys(scene: Scene) {
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

pub async fn concurrent_dispatch_should_deliver_all_events_to_keys(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    let listener = Recorder::new();
    let _held = register_key(&bus, KEY_A, &listener).await;
    let senders: Vec<_> = (0..10_u64)
        .map(|sender| {
            let bus = if sender % 2 == 0 { bus.clone() } else { distant.clone() };
            tokio::spawn(async move {
                for sequence in 0..20 {
                    dispatch(&bus, live(sender * 20 + sequence), &[KEY_A]).await;
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.expect("sender ends");
    }
    scene.until_runs(&listener, 200).await;
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
