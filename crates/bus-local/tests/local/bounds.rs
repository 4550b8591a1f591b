//! Nothing grows without end.

use std::{sync::Arc, time::Duration};

use bus::{Bucket, Bus, BusError, DeadLetters, Failure, Key, PutError, Retained};
use bus_local::{GroupDepth, LocalBusSettings};
use bytes::Bytes;

use super::{ALICE, Endless, Runs, Scene, group, job, live, until};

#[tokio::test]
async fn a_job_over_the_bound_is_refused_until_there_is_room() {
    let scene = Scene::new(LocalBusSettings { max_jobs: 2, ..LocalBusSettings::default() });
    scene.register(&Runs::new(|_| Ok(()))).await.unregister();
    scene.dispatch(job(1)).await;
    scene.dispatch(job(2)).await;
    assert!(matches!(scene.bus.dispatch(job(3), &[]).await, Err(BusError::Full)));
    scene.dispatch(job(2)).await;
    let listener = Runs::new(|_| Ok(()));
    let _held = scene.register(&listener).await;
    until("room", async || scene.pending().await == 0).await;
    scene.dispatch(job(3)).await;
    listener.until(3).await;
}

#[tokio::test]
async fn a_job_that_finds_no_room_is_in_no_group() {
    let scene = Scene::new(LocalBusSettings { max_jobs: 3, ..LocalBusSettings::default() });
    for name in ["one", "other"] {
        let group = bus::Group(name.to_owned());
        let held = scene.bus.register_group(group, super::group_settings(), Runs::new(|_| Ok(()))).await;
        held.unwrap().unregister();
    }
    scene.dispatch(job(1)).await;
    assert!(
        matches!(scene.bus.dispatch(job(2), &[]).await, Err(BusError::Full)),
        "there is room for one of two"
    );
    let pending: Vec<_> = scene.bus.depth().await.unwrap().iter().map(|depth| depth.pending).collect();
    assert_eq!(pending, [1, 1]);
}

#[tokio::test]
async fn when_the_dead_letters_are_full_a_job_without_hope_is_kept() {
    let scene = Scene::new(LocalBusSettings { max_dead_letters: 1, ..LocalBusSettings::default() });
    let listener = Runs::new(|_| Err(Failure::Reject("no use".into())));
    let _held = scene.register(&listener).await;
    let letter = scene.bus.store_dead_letter(&group(), job(9), "no hope", 1).await.unwrap();
    assert!(matches!(scene.bus.store_dead_letter(&group(), job(8), "no hope", 1).await, Err(BusError::Full)));
    scene.dispatch(job(1)).await;
    listener.until(1).await;
    assert_eq!(scene.pending().await, 1);
    scene.bus.remove_dead_letter(&group(), letter).await.unwrap();
    until("it is tried again at its longest wait", async || {
        scene.clock.advance(Duration::from_secs(60));
        listener.count() > 1
    })
    .await;
    until("it is dead", async || scene.pending().await == 0).await;
    assert_eq!(scene.bus.dead_letters(&group(), 9).await.unwrap()[0].attempts, 1);
}

#[tokio::test]
async fn values_whose_time_is_over_make_room() {
    let scene = Scene::new(LocalBusSettings { max_values: 2, ..LocalBusSettings::default() });
    let put = async |key: &str| {
        scene.bus.put(Bucket::Verdicts, key, Bytes::from_static(b"yes"), Duration::from_secs(300)).await
    };
    put("a").await.unwrap();
    put("b").await.unwrap();
    put("a").await.unwrap();
    assert!(matches!(put("c").await, Err(BusError::Full)));
    let lease =
        scene.bus.compare_and_put(Bucket::Leases, "c", Bytes::new(), None, Duration::from_secs(1)).await;
    assert!(matches!(lease, Err(PutError::Bus(BusError::Full))));
    scene.clock.advance(Duration::from_secs(300));
    put("c").await.unwrap();
}

#[tokio::test]
async fn a_finished_job_is_forgotten_after_its_time() {
    let scene = Scene::new(LocalBusSettings::default());
    let listener = Runs::new(|_| Ok(()));
    let _held = scene.register(&listener).await;
    scene.dispatch(job(1)).await;
    until("it is finished", async || listener.count() == 1 && scene.pending().await == 0).await;
    scene.clock.advance(Duration::from_secs(2 * 3600 - 1));
    scene.dispatch(job(1)).await;
    assert_eq!(scene.pending().await, 0, "it is known still");
    scene.clock.advance(Duration::from_secs(1));
    scene.dispatch(job(1)).await;
    listener.until(2).await;
}

#[tokio::test]
async fn the_oldest_finished_jobs_are_forgotten_first() {
    let scene = Scene::new(LocalBusSettings { max_finished: 2, ..LocalBusSettings::default() });
    let listener = Runs::new(|_| Ok(()));
    let _held = scene.register(&listener).await;
    for sequence in 1..=3 {
        scene.dispatch(job(sequence)).await;
        until("it is finished", async || listener.count() as u64 == sequence && scene.pending().await == 0)
            .await;
    }
    scene.dispatch(job(2)).await;
    scene.dispatch(job(3)).await;
    assert_eq!(scene.pending().await, 0);
    scene.dispatch(job(1)).await;
    listener.until(4).await;
}

#[tokio::test]
async fn key_registrations_are_counted_and_given_back() {
    let scene = Scene::new(LocalBusSettings { max_key_registrations: 1, ..LocalBusSettings::default() });
    let held = scene.bus.register_key(Key(ALICE), Arc::new(Endless)).await.unwrap();
    assert!(matches!(scene.bus.register_key(Key(ALICE), Arc::new(Endless)).await, Err(BusError::Full)));
    held.unregister();
    let _held = scene.bus.register_key(Key(ALICE), Arc::new(Endless)).await.unwrap();
}

#[tokio::test]
async fn asynchronous_runs_over_the_bound_are_dropped_and_counted() {
    let scene = Scene::new(LocalBusSettings { max_live_runs: 2, ..LocalBusSettings::default() });
    let _held = scene.bus.register_key(Key(ALICE), Arc::new(Endless)).await.unwrap();
    for sequence in 0..5 {
        scene.dispatch(live(sequence)).await;
    }
    assert_eq!(scene.bus.live_counts().dropped, 3);
}

#[tokio::test]
async fn depth_tells_what_waits_and_for_how_long() {
    let scene = Scene::new(LocalBusSettings::default());
    scene.register(&Runs::new(|_| Ok(()))).await.unregister();
    scene.dispatch(job(1)).await;
    scene.clock.advance(Duration::from_secs(5));
    scene.dispatch(job(2)).await;
    let other = bus::Group("unregistered".to_owned());
    scene.bus.store_dead_letter(&other, job(3), "no hope", 1).await.unwrap();
    let of = |group, pending, oldest, dead_letters| GroupDepth { group, pending, oldest, dead_letters };
    assert_eq!(
        scene.bus.depth().await.unwrap(),
        [of(group(), 2, Some(Duration::from_secs(5)), 0), of(other, 0, None, 1)]
    );
}
