//! Many threads at once: nothing is lost, nothing comes twice.

use std::{collections::BTreeSet, sync::Arc};

use mailbox_event::AccountToken;
use tokio::runtime::Handle;

use super::scene::{KEY_A, Recorder, Scene, dispatch, group_a, group_b, job, live, register, register_key};
use crate::{Bus, Group, Key, Message, Registration};

const THREADS: u64 = 10;
const EACH: u64 = 30;
const ALL: usize = (THREADS * EACH) as usize;

fn keys() -> [Key; 3] {
    [1, 2, 3].map(|account| Key(AccountToken([account; 16])))
}

fn groups() -> [Group; 3] {
    [group_a(), group_b(), Group("c".to_owned())]
}

fn recorders() -> [Arc<Recorder>; 3] {
    [Recorder::new(), Recorder::new(), Recorder::new()]
}

/// Has every thread dispatch its messages, the threads spread over `buses`.
async fn dispatch_all(buses: &[Arc<dyn Bus>], message: fn(u64) -> Message, keys: &[Key]) {
    let threads: Vec<_> = (0..THREADS)
        .zip(buses.iter().cycle())
        .map(|(thread, bus)| {
            let (bus, keys, handle) = (bus.clone(), keys.to_vec(), Handle::current());
            tokio::task::spawn_blocking(move || {
                for sequence in thread * EACH..(thread + 1) * EACH {
                    handle.block_on(dispatch(&bus, message(sequence), &keys));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.await.expect("thread ends");
    }
}

async fn register_groups(bus: &Arc<dyn Bus>, listeners: &[Arc<Recorder>; 3]) -> Vec<Registration> {
    let mut held = Vec::new();
    for (group, listener) in groups().into_iter().zip(listeners) {
        held.push(register(bus, group, listener).await);
    }
    held
}

async fn register_keys(bus: &Arc<dyn Bus>, listeners: &[Arc<Recorder>; 3]) -> Vec<Registration> {
    let mut held = Vec::new();
    for (key, listener) in keys().into_iter().zip(listeners) {
        held.push(register_key(bus, key, listener).await);
    }
    held
}

/// Waits until each listener was given every message `times`, and no more.
async fn until_all(scene: &Scene, listeners: &[Arc<Recorder>], times: usize) {
    for listener in listeners {
        scene.until_runs(listener, times * ALL).await;
        let mut sequences = listener.sequences();
        sequences.sort_unstable();
        let expected: Vec<_> = (0..THREADS * EACH).flat_map(|sequence| vec![sequence; times]).collect();
        assert_eq!(sequences, expected);
    }
}

pub async fn concurrent_dispatch_group_should_deliver_all_events_to_listeners_with_single_event_bus(
    scene: Scene,
) {
    let (bus, listeners) = (scene.bus().await, recorders());
    let _held = register_groups(&bus, &listeners).await;
    dispatch_all(&[bus], job, &[]).await;
    until_all(&scene, &listeners, 1).await;
}

pub async fn concurrent_dispatch_key_should_deliver_all_events_to_listeners_with_single_event_bus(
    scene: Scene,
) {
    let (bus, listeners) = (scene.bus().await, recorders());
    let _held = register_keys(&bus, &listeners).await;
    dispatch_all(&[bus], live, &keys()).await;
    until_all(&scene, &listeners, 1).await;
}

pub async fn concurrent_dispatch_should_deliver_all_events_to_listeners_with_single_event_bus(scene: Scene) {
    let (bus, listeners) = (scene.bus().await, recorders());
    let _held = (register_groups(&bus, &listeners).await, register_keys(&bus, &listeners).await);
    dispatch_all(&[bus], job, &keys()).await;
    until_all(&scene, &listeners, 2).await;
}

pub async fn concurrent_register_then_dispatch_should_deliver_all_events_to_at_least_one_listener_with_single_event_bus(
    scene: Scene,
) {
    let bus = scene.bus().await;
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (bus, handle, listener) = (bus.clone(), Handle::current(), Recorder::new());
            tokio::task::spawn_blocking(move || {
                let held = handle.block_on(register_key(&bus, KEY_A, &listener));
                for sequence in thread * EACH..(thread + 1) * EACH {
                    handle.block_on(dispatch(&bus, live(sequence), &[KEY_A]));
                }
                (listener, held)
            })
        })
        .collect();
    let mut listeners = Vec::new();
    for thread in threads {
        listeners.push(thread.await.expect("thread ends"));
    }
    let heard = async || {
        let sequences = listeners.iter().flat_map(|(listener, _)| listener.sequences());
        sequences.collect::<BTreeSet<_>>().len() == ALL
    };
    scene.until("each is heard by somebody", heard).await;
}

pub async fn concurrent_dispatch_group_should_deliver_all_events_to_listeners_with_multiple_event_bus(
    scene: Scene,
) {
    let ((bus, distant), listeners) = (scene.nodes().await, recorders());
    let _held = (register_groups(&bus, &listeners).await, register_groups(&distant, &listeners).await);
    dispatch_all(&[bus, distant], job, &[]).await;
    until_all(&scene, &listeners, 1).await;
}

pub async fn concurrent_dispatch_key_should_deliver_all_events_to_listeners_with_multiple_event_bus(
    scene: Scene,
) {
    let ((bus, distant), listeners) = (scene.nodes().await, recorders());
    let _held = (register_keys(&bus, &listeners).await, register_keys(&distant, &listeners).await);
    dispatch_all(&[bus, distant], live, &keys()).await;
    until_all(&scene, &listeners, 2).await;
}

pub async fn concurrent_dispatch_should_deliver_all_events_to_listeners_with_multiple_event_bus(
    scene: Scene,
) {
    let ((bus, distant), listeners) = (scene.nodes().await, recorders());
    let _held = (
        register_groups(&distant, &listeners).await,
        register_keys(&bus, &listeners).await,
        register_keys(&distant, &listeners).await,
    );
    dispatch_all(&[bus, distant], job, &keys()).await;
    until_all(&scene, &listeners, 3).await;
}
