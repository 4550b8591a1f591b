//! What befalls one caller or one row is not the others' business.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bus::{Bucket, Bus, BusError, DeadLetters, Failure, Key, KeyListener, Message, Retained};
use bus_local::LocalBusSettings;
use bytes::Bytes;
use futures_util::{FutureExt, future::join_all};
use rusqlite::Connection;

use super::{ALICE, Runs, Scene, group, job, rest::rest, until};

/// Has the rows of `table` up to a sequence look as if a later release had written them.
fn age(path: &std::path::Path, table: &str, sequence: u64) {
    let sql = format!("UPDATE {table} SET subject = 'job.soon.unheard-of' WHERE sequence <= {sequence}");
    Connection::open(path).unwrap().execute_batch(&sql).unwrap();
}

#[tokio::test]
async fn a_dead_letter_of_a_later_release_fails_for_its_reader_alone() {
    let scene = Scene::new(LocalBusSettings::default());
    scene.register(&Runs::new(|_| Ok(()))).await.unregister();
    let letter = scene.bus.store_dead_letter(&group(), job(1), "no hope", 1).await.unwrap();
    let scene = scene.reopen_after(LocalBusSettings::default(), |path| age(path, "dead_letters", 1)).await;
    let _held = scene.register(&Runs::new(|_| Ok(()))).await;
    let keys: Vec<_> = (0..200).map(|key| key.to_string()).collect();
    let put = |key| scene.bus.put(Bucket::Leases, key, Bytes::new(), Duration::from_secs(60));
    let name = group();
    let (puts, read, redelivered) = tokio::join!(
        join_all(keys.iter().map(|key| put(key))),
        join_all((0..20).map(|_| scene.bus.dead_letter(&name, letter))),
        scene.bus.redeliver(&name, letter),
    );
    assert!(puts.iter().all(Result::is_ok));
    assert!(read.iter().all(|read| matches!(read, Err(BusError::Unusable(_)))));
    assert!(matches!(redelivered, Err(BusError::Unusable(_))));
    assert_eq!(scene.bus.depth().await.unwrap()[0].dead_letters, 1, "it is kept");
}

#[tokio::test]
async fn jobs_of_a_later_release_stand_in_nobodys_way() {
    let scene = Scene::new(LocalBusSettings::default());
    scene.register(&Runs::new(|_| Ok(()))).await.unregister();
    for sequence in 1..=4 {
        scene.dispatch(job(sequence)).await;
    }
    let scene = scene.reopen_after(LocalBusSettings::default(), |path| age(path, "jobs", 3)).await;
    let listener = Runs::new(|_| Ok(()));
    let _held = scene.register(&listener).await;
    until("the last one is run", async || scene.pending().await == 0).await;
    assert_eq!(listener.seen.lock().unwrap()[0].0, 4);
    assert_eq!(scene.bus.depth().await.unwrap()[0].dead_letters, 3);
}

#[tokio::test]
async fn a_job_that_cannot_be_read_is_a_dead_letter() {
    let scene = Scene::new(LocalBusSettings::default());
    scene.register(&Runs::new(|_| Ok(()))).await.unregister();
    for sequence in 1..=3 {
        scene.dispatch(job(sequence)).await;
    }
    // Octets that are no UTF-8 in one, and nothing in another.
    let spoil = |path: &std::path::Path| {
        let sql = "UPDATE jobs SET subject = CAST(X'ff00fe' AS TEXT) WHERE sequence = 1;
                   UPDATE jobs SET subject = '' WHERE sequence = 2;";
        Connection::open(path).unwrap().execute_batch(sql).unwrap();
    };
    let scene = scene.reopen_after(LocalBusSettings::default(), spoil).await;
    let listener = Runs::new(|_| Ok(()));
    let _held = scene.register(&listener).await;
    until("the last one is run", async || scene.pending().await == 0).await;
    assert_eq!(listener.seen.lock().unwrap()[0].0, 3);
    assert_eq!(scene.bus.depth().await.unwrap()[0].dead_letters, 2);
}

#[tokio::test]
async fn jobs_of_a_later_release_wait_when_the_dead_letters_are_full() {
    let settings = LocalBusSettings { max_dead_letters: 1, ..LocalBusSettings::default() };
    let scene = Scene::new(settings.clone());
    scene.register(&Runs::new(|_| Ok(()))).await.unregister();
    for sequence in 1..=4 {
        scene.dispatch(job(sequence)).await;
    }
    let scene = scene.reopen_after(settings, |path| age(path, "jobs", 3)).await;
    let listener = Runs::new(|_| Ok(()));
    let _held = scene.register(&listener).await;
    until("the last one is run", async || scene.pending().await == 2).await;
    assert_eq!(listener.count(), 1);
    assert_eq!(scene.bus.depth().await.unwrap()[0].dead_letters, 1);
}

#[tokio::test]
async fn a_job_is_run_even_when_its_dispatcher_went_away() {
    let scene = Scene::new(LocalBusSettings::default());
    let listener = Runs::new(|_| Ok(()));
    let _held = scene.register(&listener).await;
    rest(&scene.bus).await;
    let mut dispatching = Box::pin(scene.bus.dispatch(job(1), &[]));
    assert!((&mut dispatching).now_or_never().is_none());
    drop(dispatching);
    listener.until(1).await;
}

#[tokio::test]
async fn a_redelivered_job_is_run_even_when_the_operator_went_away() {
    let scene = Scene::new(LocalBusSettings::default());
    let listener = Runs::new(|_| Ok(()));
    let _held = scene.register(&listener).await;
    let (name, letter) =
        (group(), scene.bus.store_dead_letter(&group(), job(1), "no hope", 1).await.unwrap());
    rest(&scene.bus).await;
    let mut redelivering = Box::pin(scene.bus.redeliver(&name, letter));
    assert!((&mut redelivering).now_or_never().is_none());
    drop(redelivering);
    listener.until(1).await;
}

/// Never ends, though it said that it would be waited for.
struct Stuck;

#[async_trait]
impl KeyListener for Stuck {
    async fn hear(&self, _: Arc<Message>) -> Result<(), Failure> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_listener_that_hangs_holds_its_dispatcher_for_a_bounded_time() {
    let scene = Scene::new(LocalBusSettings::default());
    let _held = scene.bus.register_key(Key(ALICE), Arc::new(Stuck)).await.unwrap();
    let bus = scene.bus.clone();
    let dispatching = tokio::spawn(async move { bus.dispatch(job(1), &[Key(ALICE)]).await });
    until("it is dispatched", async || {
        scene.clock.advance(Duration::from_secs(1));
        dispatching.is_finished()
    })
    .await;
    dispatching.await.unwrap().unwrap();
    assert_eq!(scene.bus.live_counts().failed, 1);
}
