//! Dead letters that are given back to their group.

use std::sync::Arc;

use super::scene::{How, Recorder, Scene, dispatch, group_a, group_b, job, noop, register};
use crate::{Bus, BusError, DeadLetterId, Group, Message};

async fn dead(bus: &Arc<dyn Bus>, group: &Group, message: Message) -> DeadLetterId {
    bus.store_dead_letter(group, message, "put down by hand", 4).await.expect("dead letter is stored")
}

pub async fn group_listener_should_receive_event_when_redeliver(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let _held = register(&bus, group_a(), &listener).await;
    let id = dead(&bus, &group_a(), job(1)).await;
    bus.redeliver(&group_a(), id).await.expect("redelivered");
    scene.until_runs(&listener, 1).await;
    assert_eq!(listener.heard(), [job(1)]);
    assert_eq!(bus.dead_letter(&group_a(), id).await.expect("read"), None);
}

pub async fn redeliver_should_not_throw_when_a_group_listener_fails(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::failing(1, How::Retry);
    let _held = register(&bus, group_a(), &listener).await;
    let id = dead(&bus, &group_a(), job(1)).await;
    bus.redeliver(&group_a(), id).await.expect("redelivered");
    scene.until_runs(&listener, 2).await;
}

pub async fn redeliver_should_throw_when_group_not_registered(scene: Scene) {
    let bus = scene.bus().await;
    let id = dead(&bus, &group_a(), job(1)).await;
    assert!(matches!(bus.redeliver(&group_a(), id).await, Err(BusError::UnknownGroup)));
    assert!(bus.dead_letter(&group_a(), id).await.expect("read").is_some(), "it stays");
}

pub async fn redeliver_should_throw_when_there_is_no_such_dead_letter(scene: Scene) {
    let bus = scene.bus().await;
    let _held = register(&bus, group_a(), &Recorder::new()).await;
    assert!(matches!(bus.redeliver(&group_a(), DeadLetterId(7)).await, Err(BusError::UnknownDeadLetter)));
}

pub async fn redeliver_should_only_send_event_to_defined_group(scene: Scene) {
    let bus = scene.bus().await;
    let (one, other) = (Recorder::new(), Recorder::new());
    let _held = (register(&bus, group_a(), &one).await, register(&bus, group_b(), &other).await);
    let id = dead(&bus, &group_a(), job(1)).await;
    bus.redeliver(&group_a(), id).await.expect("redelivered");
    scene.until_runs(&one, 1).await;
    scene.quiet().await;
    assert_eq!(other.runs(), 0);
}

pub async fn groups_defined_only_on_some_nodes_should_be_notified_when_redeliver(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    let listener = Recorder::new();
    let _held = register(&distant, group_a(), &listener).await;
    let id = dead(&bus, &group_a(), job(1)).await;
    bus.redeliver(&group_a(), id).await.expect("redelivered");
    scene.until_runs(&listener, 1).await;
}

pub async fn group_listeners_should_be_executed_once_when_redeliver_in_a_distributed_environment(
    scene: Scene,
) {
    let (bus, distant) = scene.nodes().await;
    let listener = Recorder::new();
    let _held = (register(&bus, group_a(), &listener).await, register(&distant, group_a(), &listener).await);
    let id = dead(&bus, &group_a(), job(1)).await;
    bus.redeliver(&group_a(), id).await.expect("redelivered");
    scene.until_runs(&listener, 1).await;
    scene.quiet().await;
    assert_eq!(listener.runs(), 1);
}

pub async fn redeliver_should_throw_after_group_is_unregistered(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    let (near, far) = (
        register(&bus, group_a(), &Recorder::new()).await,
        register(&distant, group_a(), &Recorder::new()).await,
    );
    near.unregister();
    far.unregister();
    let id = dead(&bus, &group_a(), job(1)).await;
    scene
        .until("no node listens", async || {
            matches!(bus.redeliver(&group_a(), id).await, Err(BusError::UnknownGroup))
        })
        .await;
    assert!(bus.dead_letter(&group_a(), id).await.expect("read").is_some(), "it stays");
}

pub async fn group_listeners_should_not_receive_noop_redelivered_events(scene: Scene) {
    let bus = scene.bus().await;
    let listener = Recorder::new();
    let _held = register(&bus, group_a(), &listener).await;
    let id = dead(&bus, &group_a(), noop(job(1))).await;
    bus.redeliver(&group_a(), id).await.expect("redelivered");
    dispatch(&bus, job(2), &[]).await;
    scene.until_runs(&listener, 1).await;
    scene.quiet().await;
    assert_eq!(listener.sequences(), [2]);
    assert_eq!(bus.dead_letter(&group_a(), id).await.expect("read"), None, "nobody has to look at it again");
}
