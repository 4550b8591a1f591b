//! Dead letters as a sign of health.

use std::{collections::BTreeSet, sync::Arc};

use super::scene::{Scene, group_a, group_b, job};
use crate::{
    Bus, DeadLetterId, Group,
    health::{DeadLetterHealth, check},
};

async fn store(bus: &Arc<dyn Bus>, group: &Group, sequence: u64) -> DeadLetterId {
    bus.store_dead_letter(group, job(sequence), "no hope", 3).await.expect("dead letter is stored")
}

/// What `check` names, where nothing or `ignored` is ignored.
async fn degraded(bus: &Arc<dyn Bus>, ignored: &[Group]) -> Vec<Group> {
    let ignored = ignored.iter().cloned().collect::<BTreeSet<_>>();
    match check(&**bus, &ignored).await {
        DeadLetterHealth::Healthy => Vec::new(),
        DeadLetterHealth::Degraded(groups) => groups,
        DeadLetterHealth::Unhealthy(error) => panic!("bus cannot tell: {error}"),
    }
}

pub async fn check_should_return_healthy_when_event_dead_letter_empty(scene: Scene) {
    assert_eq!(degraded(&scene.bus().await, &[]).await, []);
}

pub async fn check_should_return_degraded_when_event_dead_letter_contain_event(scene: Scene) {
    let bus = scene.bus().await;
    store(&bus, &group_a(), 1).await;
    assert_eq!(degraded(&bus, &[]).await, [group_a()]);
}

pub async fn check_should_return_degraded_when_event_dead_letter_contain_events(scene: Scene) {
    let bus = scene.bus().await;
    store(&bus, &group_a(), 1).await;
    store(&bus, &group_a(), 2).await;
    store(&bus, &group_b(), 3).await;
    assert_eq!(degraded(&bus, &[]).await, [group_a(), group_b()]);
}

pub async fn check_should_return_healthy_when_removed_all_event_dead_letters(scene: Scene) {
    let bus = scene.bus().await;
    let one = store(&bus, &group_a(), 1).await;
    store(&bus, &group_b(), 2).await;
    bus.remove_dead_letter(&group_a(), one).await.expect("removed");
    bus.remove_dead_letters(&group_b()).await.expect("removed");
    assert_eq!(degraded(&bus, &[]).await, []);
}

pub async fn check_should_return_degraded_when_removed_some_event_dead_letters(scene: Scene) {
    let bus = scene.bus().await;
    let one = store(&bus, &group_a(), 1).await;
    store(&bus, &group_a(), 2).await;
    bus.remove_dead_letter(&group_a(), one).await.expect("removed");
    assert_eq!(degraded(&bus, &[]).await, [group_a()]);
}

pub async fn check_should_return_un_healthy_when_event_dead_letter_error(scene: Scene) {
    let over = scene.bus().await;
    scene.restart().await;
    let verdict = check(&*over, &BTreeSet::new()).await;
    assert!(matches!(verdict, DeadLetterHealth::Unhealthy(_)), "{verdict:?}");
}

pub async fn check_should_return_healthy_when_only_ignored_groups_contain_events(scene: Scene) {
    let bus = scene.bus().await;
    store(&bus, &group_a(), 1).await;
    store(&bus, &group_b(), 2).await;
    assert_eq!(degraded(&bus, &[group_a(), group_b()]).await, []);
}

pub async fn check_should_return_degraded_when_non_ignored_group_contains_events(scene: Scene) {
    let bus = scene.bus().await;
    store(&bus, &group_b(), 1).await;
    assert_eq!(degraded(&bus, &[group_a()]).await, [group_b()]);
}

pub async fn check_should_return_degraded_when_mixing_ignored_and_non_ignored_events(scene: Scene) {
    let bus = scene.bus().await;
    store(&bus, &group_a(), 1).await;
    store(&bus, &group_b(), 2).await;
    assert_eq!(degraded(&bus, &[group_a()]).await, [group_b()], "only what counts is named");
}
