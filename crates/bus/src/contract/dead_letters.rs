//! What no retry could help, kept until somebody looks.

use std::sync::Arc;

use super::scene::{Scene, group_a, group_b, job, live};
use crate::{Bus, DeadLetter, DeadLetterId, Group};

async fn store(bus: &Arc<dyn Bus>, group: &Group, sequence: u64) -> DeadLetterId {
    bus.store_dead_letter(group, job(sequence), "no hope", 3).await.expect("dead letter is stored")
}

async fn remove(bus: &Arc<dyn Bus>, group: &Group, id: DeadLetterId) {
    bus.remove_dead_letter(group, id).await.expect("dead letter is removed");
}

async fn remove_all(bus: &Arc<dyn Bus>, group: &Group) -> u64 {
    bus.remove_dead_letters(group).await.expect("dead letters are removed")
}

async fn contains(bus: &Arc<dyn Bus>) -> bool {
    bus.has_dead_letters().await.expect("bus tells")
}

async fn read(bus: &Arc<dyn Bus>, group: &Group, id: DeadLetterId) -> Option<DeadLetter> {
    bus.dead_letter(group, id).await.expect("dead letter is read")
}

async fn ids(bus: &Arc<dyn Bus>, group: &Group) -> Vec<DeadLetterId> {
    let letters = bus.dead_letters(group, 1000).await.expect("dead letters are listed");
    letters.into_iter().map(|letter| letter.id).collect()
}

async fn groups(bus: &Arc<dyn Bus>) -> Vec<Group> {
    let mut groups = bus.groups_with_dead_letters().await.expect("groups are listed");
    groups.sort();
    groups
}

pub async fn store_should_store_group_with_corresponding_event(scene: Scene) {
    let bus = scene.bus().await;
    let id = bus.store_dead_letter(&group_a(), live(1), "no hope", 3).await.expect("stored");
    let letter = read(&bus, &group_a(), id).await.expect("it is there");
    assert_eq!((letter.id, letter.message, letter.attempts), (id, live(1), 3));
    assert_eq!(letter.reason, "no hope");
    assert!(letter.died_at.0 > 0);
}

async fn store_many(bus: &Arc<dyn Bus>) -> Vec<DeadLetterId> {
    let storing: Vec<_> = (0..20)
        .map(|sequence| {
            let bus = bus.clone();
            tokio::spawn(async move { store(&bus, &group_a(), sequence).await })
        })
        .collect();
    let mut stored = Vec::new();
    for storing in storing {
        stored.push(storing.await.expect("storing ends"));
    }
    stored.sort();
    stored
}

pub async fn store_should_keep_consistency_when_concurrent_store(scene: Scene) {
    let bus = scene.bus().await;
    let mut stored = store_many(&bus).await;
    stored.dedup();
    assert_eq!(stored.len(), 20);
    assert_eq!(ids(&bus, &group_a()).await, stored);
}

pub async fn remove_should_remove_matched(scene: Scene) {
    let bus = scene.bus().await;
    let id = store(&bus, &group_a(), 1).await;
    remove(&bus, &group_a(), id).await;
    assert_eq!(read(&bus, &group_a(), id).await, None);
}

pub async fn remove_last_event_should_remove_group(scene: Scene) {
    let bus = scene.bus().await;
    let id = store(&bus, &group_a(), 1).await;
    assert_eq!(groups(&bus).await, [group_a()]);
    remove(&bus, &group_a(), id).await;
    assert_eq!(groups(&bus).await, []);
}

/// Some in either group.
async fn fill(bus: &Arc<dyn Bus>) {
    for sequence in 0..5 {
        store(bus, &group_a(), sequence).await;
        store(bus, &group_b(), sequence).await;
    }
}

pub async fn remove_all_events_of_a_group_should_all_events_of_that_group(scene: Scene) {
    let bus = scene.bus().await;
    fill(&bus).await;
    assert_eq!(remove_all(&bus, &group_a()).await, 5);
    assert_eq!(ids(&bus, &group_a()).await, []);
}

pub async fn remove_all_events_of_group_a_should_remove_that_group(scene: Scene) {
    let bus = scene.bus().await;
    store(&bus, &group_a(), 1).await;
    remove_all(&bus, &group_a()).await;
    assert_eq!(groups(&bus).await, []);
}

pub async fn remove_all_events_of_group_a_should_not_remove_group_b(scene: Scene) {
    let bus = scene.bus().await;
    fill(&bus).await;
    remove_all(&bus, &group_a()).await;
    assert_eq!(groups(&bus).await, [group_b()]);
}

pub async fn remove_all_events_of_a_group_should_keep_non_matched(scene: Scene) {
    let bus = scene.bus().await;
    fill(&bus).await;
    let kept = ids(&bus, &group_b()).await;
    remove_all(&bus, &group_a()).await;
    assert_eq!(ids(&bus, &group_b()).await, kept);
}

pub async fn remove_all_events_of_a_group_should_not_throw_when_no_group_matched(scene: Scene) {
    let bus = scene.bus().await;
    let kept = store(&bus, &group_a(), 1).await;
    assert_eq!(remove_all(&bus, &group_b()).await, 0);
    assert_eq!(ids(&bus, &group_a()).await, [kept]);
}

pub async fn remove_should_keep_non_matched(scene: Scene) {
    let bus = scene.bus().await;
    let (one, two, three) = (
        store(&bus, &group_a(), 1).await,
        store(&bus, &group_a(), 2).await,
        store(&bus, &group_a(), 3).await,
    );
    remove(&bus, &group_a(), two).await;
    assert_eq!(ids(&bus, &group_a()).await, [one, three]);
}

pub async fn remove_should_not_throw_when_no_insertion_id_matched(scene: Scene) {
    let bus = scene.bus().await;
    let id = store(&bus, &group_a(), 1).await;
    remove(&bus, &group_a(), DeadLetterId(id.0 + 1)).await;
    assert_eq!(ids(&bus, &group_a()).await, [id]);
}

pub async fn remove_should_not_throw_when_no_group_matched(scene: Scene) {
    let bus = scene.bus().await;
    let id = store(&bus, &group_a(), 1).await;
    remove(&bus, &group_b(), id).await;
    assert_eq!(ids(&bus, &group_a()).await, [id]);
}

pub async fn remove_should_keep_consistency_when_concurrent_remove(scene: Scene) {
    let bus = scene.bus().await;
    let mut stored = store_many(&bus).await;
    let kept = stored.split_off(15);
    let removing: Vec<_> = stored
        .into_iter()
        .map(|id| {
            let bus = bus.clone();
            tokio::spawn(async move { remove(&bus, &group_a(), id).await })
        })
        .collect();
    for removing in removing {
        removing.await.expect("removing ends");
    }
    assert_eq!(ids(&bus, &group_a()).await, kept);
}

pub async fn remove_all_events_of_a_group_should_keep_consistency_when_concurrent_remove(scene: Scene) {
    let bus = scene.bus().await;
    store_many(&bus).await;
    let kept = store(&bus, &group_b(), 1).await;
    let removing: Vec<_> = (0..10)
        .map(|_| {
            let bus = bus.clone();
            tokio::spawn(async move { remove_all(&bus, &group_a()).await })
        })
        .collect();
    let mut removed = 0;
    for removing in removing {
        removed += removing.await.expect("removing ends");
    }
    assert_eq!(removed, 20, "each was taken away once");
    assert_eq!(groups(&bus).await, [group_b()]);
    assert_eq!(ids(&bus, &group_b()).await, [kept]);
}

pub async fn failed_event_should_return_empty_when_not_found(scene: Scene) {
    let bus = scene.bus().await;
    let id = store(&bus, &group_a(), 1).await;
    assert_eq!(read(&bus, &group_a(), DeadLetterId(id.0 + 1)).await, None);
}

pub async fn failed_event_should_not_throw_when_no_group_matched(scene: Scene) {
    let bus = scene.bus().await;
    let id = store(&bus, &group_a(), 1).await;
    assert_eq!(read(&bus, &group_b(), id).await, None);
}

pub async fn failed_event_should_return_event_when_contains(scene: Scene) {
    let bus = scene.bus().await;
    let (one, two) = (store(&bus, &group_a(), 1).await, store(&bus, &group_a(), 2).await);
    let of = async |id| read(&bus, &group_a(), id).await.expect("it is there").message;
    assert_eq!((of(one).await, of(two).await), (job(1), job(2)));
}

pub async fn failed_event_should_not_remove_event(scene: Scene) {
    let bus = scene.bus().await;
    let id = store(&bus, &group_a(), 1).await;
    assert_eq!(read(&bus, &group_a(), id).await, read(&bus, &group_a(), id).await);
    assert_eq!(ids(&bus, &group_a()).await, [id]);
}

pub async fn failed_events_by_group_should_return_empty_when_non_match(scene: Scene) {
    let bus = scene.bus().await;
    store(&bus, &group_a(), 1).await;
    assert_eq!(ids(&bus, &group_b()).await, []);
}

pub async fn failed_events_by_group_should_return_all_events_corresponding_to_given_group(scene: Scene) {
    let bus = scene.bus().await;
    let one = store(&bus, &group_a(), 1).await;
    store(&bus, &group_b(), 2).await;
    let three = store(&bus, &group_a(), 3).await;
    assert_eq!(ids(&bus, &group_a()).await, [one, three]);
}

pub async fn failed_events_by_group_should_not_remove_events(scene: Scene) {
    let bus = scene.bus().await;
    fill(&bus).await;
    let listed = ids(&bus, &group_a()).await;
    assert_eq!(listed.len(), 5);
    assert_eq!(ids(&bus, &group_a()).await, listed);
}

pub async fn failed_events_should_return_all_events_of_the_group_oldest_first(scene: Scene) {
    let bus = scene.bus().await;
    let (one, two) = (store(&bus, &group_a(), 9).await, store(&bus, &group_a(), 1).await);
    store(&bus, &group_b(), 3).await;
    assert_eq!(ids(&bus, &group_a()).await, [one, two]);
}

pub async fn failed_events_should_return_no_more_than_asked(scene: Scene) {
    let bus = scene.bus().await;
    let one = store(&bus, &group_a(), 1).await;
    store(&bus, &group_a(), 2).await;
    let letters = bus.dead_letters(&group_a(), 1).await.expect("listed");
    assert_eq!(letters.iter().map(|letter| letter.id).collect::<Vec<_>>(), [one]);
}

pub async fn groups_with_failed_events_should_return_all_stored_groups(scene: Scene) {
    let bus = scene.bus().await;
    store(&bus, &group_a(), 1).await;
    store(&bus, &group_b(), 1).await;
    store(&bus, &group_b(), 2).await;
    assert_eq!(groups(&bus).await, [group_a(), group_b()]);
}

pub async fn groups_with_failed_events_should_return_empty_when_no_stored(scene: Scene) {
    assert_eq!(groups(&scene.bus().await).await, []);
}

pub async fn contain_events_should_return_false_on_nothing_stored(scene: Scene) {
    assert!(!contains(&scene.bus().await).await);
}

pub async fn contain_events_should_return_true_on_stored_events(scene: Scene) {
    let (bus, distant) = scene.nodes().await;
    store(&bus, &group_a(), 1).await;
    assert!(contains(&bus).await);
    assert!(contains(&distant).await);
}

pub async fn contain_events_should_return_false_when_remove_all_stored_events(scene: Scene) {
    let bus = scene.bus().await;
    fill(&bus).await;
    remove_all(&bus, &group_a()).await;
    for id in ids(&bus, &group_b()).await {
        remove(&bus, &group_b(), id).await;
    }
    assert!(!contains(&bus).await);
}

pub async fn contain_events_should_return_true_when_remove_some_stored_events(scene: Scene) {
    let bus = scene.bus().await;
    let id = store(&bus, &group_a(), 1).await;
    store(&bus, &group_a(), 2).await;
    remove(&bus, &group_a(), id).await;
    assert!(contains(&bus).await);
}

pub async fn dead_letters_survive_a_restart(scene: Scene) {
    let bus = scene.bus().await;
    let id = store(&bus, &group_a(), 1).await;
    let letter = read(&bus, &group_a(), id).await;
    drop(bus);
    let bus = scene.restart().await;
    assert_eq!(read(&bus, &group_a(), id).await, letter);
}

pub async fn ids_are_not_given_twice(scene: Scene) {
    let bus = scene.bus().await;
    let id = store(&bus, &group_a(), 1).await;
    remove(&bus, &group_a(), id).await;
    assert_ne!(store(&bus, &group_a(), 1).await, id);
}
