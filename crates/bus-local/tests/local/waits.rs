//! When a job is tried again, to the millisecond.

use std::{path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use bus::{Attempt, Bus, DeadLetters, Failure, GroupListener, Key, Message, Retained};
use bus_local::{Clock, LocalBus, LocalBusSettings, ManualClock, Surroundings, full_jitter};
use bytes::Bytes;
use futures_util::FutureExt;
use mailbox_event::UnixMillis;
use proptest::prelude::*;
use rusqlite::Connection;

use super::{ALICE, Runs, Scene, group, id, job, rest::rest, until};

const MILLISECOND: Duration = Duration::from_millis(1);

#[tokio::test]
async fn waits_between_attempts_double() {
    let scene = Scene::new(LocalBusSettings::default());
    let listener = Runs::new(|_| Err(Failure::Retry("not yet".into())));
    let _held = scene.register(&listener).await;
    scene.dispatch(job(1)).await;
    for (runs, wait) in [(1, 1), (2, 2), (3, 4)] {
        listener.until(runs).await;
        rest(&scene.bus).await;
        scene.clock.advance(Duration::from_secs(wait) - MILLISECOND);
        rest(&scene.bus).await;
        assert_eq!(listener.count(), runs, "not before {wait} s");
        scene.clock.advance(MILLISECOND);
    }
    listener.until(4).await;
    until("it is dead", async || scene.pending().await == 0).await;
    assert_eq!(scene.bus.dead_letters(&group(), 9).await.unwrap()[0].attempts, 4);
}

#[tokio::test]
async fn pauses_of_an_outage_double_and_end_with_it() {
    let scene = Scene::new(LocalBusSettings::default());
    let listener = Runs::new(|run| if run < 3 { Err(Failure::Outage("away".into())) } else { Ok(()) });
    let _held = scene.register(&listener).await;
    scene.dispatch(job(1)).await;
    scene.dispatch(job(2)).await;
    for (runs, wait) in [(1, 1), (2, 2), (3, 4)] {
        listener.until(runs).await;
        rest(&scene.bus).await;
        scene.clock.advance(Duration::from_secs(wait) - MILLISECOND);
        rest(&scene.bus).await;
        assert_eq!(listener.count(), runs, "not before {wait} s");
        scene.clock.advance(MILLISECOND);
    }
    listener.until(5).await;
    let seen = listener.seen.lock().unwrap().clone();
    assert_eq!(seen.iter().map(|(sequence, _)| *sequence).collect::<Vec<_>>(), [1, 1, 1, 1, 2]);
    assert!(seen.iter().all(|(_, attempt)| attempt.number == 1));
}

/// A listener that has all it needs, and says so when it is asked.
struct Content(Arc<Runs>);

#[async_trait]
impl GroupListener for Content {
    async fn run(&self, message: Message, attempt: Attempt) -> Result<(), Failure> {
        self.0.run(message, attempt).await
    }

    async fn recovered(&self) {}
}

#[tokio::test]
async fn a_group_pauses_when_the_end_of_a_run_cannot_be_stored_though_it_has_all_it_needs() {
    let refuse = |path: &Path| {
        let sql = "CREATE TRIGGER refuse BEFORE INSERT ON finished BEGIN SELECT RAISE(ABORT, 'refused'); END";
        Connection::open(path).unwrap().execute_batch(sql).unwrap();
    };
    let scene =
        Scene::new(LocalBusSettings::default()).reopen_after(LocalBusSettings::default(), refuse).await;
    let listener = Runs::new(|_| Ok(()));
    let content = Arc::new(Content(listener.clone()));
    let _held = scene.bus.register_group(group(), super::group_settings(), content).await.unwrap();
    scene.dispatch(job(1)).await;
    for (runs, wait) in [(1, 1), (2, 2)] {
        listener.until(runs).await;
        rest(&scene.bus).await;
        assert_eq!(listener.count(), runs, "it is not run again at once");
        scene.clock.advance(Duration::from_secs(wait));
    }
    listener.until(3).await;
}

#[tokio::test]
async fn after_a_pause_one_job_goes_ahead() {
    let scene = Scene::new(LocalBusSettings::default());
    scene.register(&Runs::new(|_| Ok(()))).await.unregister();
    for sequence in 1..=4 {
        scene.dispatch(job(sequence)).await;
    }
    let listener = Runs::new(|run| if run < 5 { Err(Failure::Outage("away".into())) } else { Ok(()) });
    let four = bus::GroupSettings { concurrency: 4, ..super::group_settings() };
    let _held = scene.bus.register_group(group(), four, listener.clone()).await.unwrap();
    listener.until(4).await;
    rest(&scene.bus).await;
    scene.clock.advance(Duration::from_secs(1));
    listener.until(5).await;
    rest(&scene.bus).await;
    assert_eq!(listener.count(), 5);
    scene.clock.advance(Duration::from_secs(2));
    listener.until(9).await;
}

#[tokio::test]
async fn the_last_place_is_filled_while_the_others_are_taken() {
    let scene = Scene::new(LocalBusSettings::default());
    let listener = Arc::new(Stuck(0.into()));
    let three = bus::GroupSettings { concurrency: 3, ..super::group_settings() };
    let _held = scene.bus.register_group(group(), three, listener.clone()).await.unwrap();
    for sequence in 1..=4 {
        scene.dispatch(job(sequence)).await;
        rest(&scene.bus).await;
        let runs = listener.0.load(std::sync::atomic::Ordering::SeqCst);
        assert_eq!(runs, sequence.min(3), "and no more than there are places");
    }
}

/// Runs that never end, counted.
struct Stuck(std::sync::atomic::AtomicU64);

#[async_trait::async_trait]
impl bus::GroupListener for Stuck {
    async fn run(&self, _: bus::Message, _: bus::Attempt) -> Result<(), Failure> {
        self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        std::future::pending().await
    }
}

#[tokio::test]
async fn redelivering_a_job_that_waits_gives_it_its_attempts_back() {
    let scene = Scene::new(LocalBusSettings::default());
    let listener = Runs::new(|run| if run == 0 { Err(Failure::Retry("not yet".into())) } else { Ok(()) });
    let _held = scene.register(&listener).await;
    scene.dispatch(job(1)).await;
    listener.until(1).await;
    rest(&scene.bus).await;
    let letter = scene.bus.store_dead_letter(&group(), job(1), "no hope", 1).await.unwrap();
    scene.bus.redeliver(&group(), letter).await.unwrap();
    listener.until(2).await;
    assert_eq!(listener.seen.lock().unwrap()[1].1.number, 1);
}

#[tokio::test]
async fn a_wall_clock_that_was_set_back_holds_no_job() {
    let folder = tempfile::tempdir().unwrap();
    let at = |time| {
        let clock = ManualClock::new(UnixMillis(time));
        let surroundings = Surroundings {
            clock: std::sync::Arc::new(clock),
            jitter: std::sync::Arc::new(|ceiling| ceiling),
        };
        LocalBus::open_in(&folder.path().join("bus.db"), LocalBusSettings::default(), surroundings).unwrap()
    };
    let bus = at(1_900_000_000_000);
    let failing = Runs::new(|_| Err(Failure::Retry("not yet".into())));
    let held = bus.register_group(group(), super::group_settings(), failing.clone()).await.unwrap();
    bus.dispatch(job(1), &[]).await.unwrap();
    failing.until(1).await;
    rest(&bus).await;
    drop(held);
    bus.close().await;
    let bus = at(1_700_000_000_000);
    let listener = Runs::new(|_| Ok(()));
    let _held = bus.register_group(group(), super::group_settings(), listener.clone()).await.unwrap();
    listener.until(1).await;
    assert_eq!(listener.seen.lock().unwrap()[0].1.number, 2);
}

struct Heard(std::sync::atomic::AtomicUsize);

#[async_trait::async_trait]
impl bus::KeyListener for Heard {
    async fn hear(&self, _: std::sync::Arc<bus::Message>) -> Result<(), Failure> {
        self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test]
async fn a_state_is_told_even_when_its_writer_went_away() {
    let scene = Scene::new(LocalBusSettings::default());
    let heard = std::sync::Arc::new(Heard(0.into()));
    let _held = scene.bus.register_key(Key(ALICE), heard.clone()).await.unwrap();
    let mut putting = Box::pin(scene.bus.put_state(ALICE, Bytes::new(), None, id(1)));
    assert!((&mut putting).now_or_never().is_none());
    drop(putting);
    until("it is heard", async || heard.0.load(std::sync::atomic::Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn a_manual_wait_ends_at_its_time() {
    let clock = ManualClock::new(UnixMillis(0));
    let mut wait = clock.sleep(Duration::from_secs(1));
    clock.advance(Duration::from_millis(999));
    assert!((&mut wait).now_or_never().is_none());
    clock.advance(MILLISECOND);
    assert!((&mut wait).now_or_never().is_some());
}

proptest! {
    #[test]
    fn jitter_stays_below_its_ceiling(ceiling in 0..1_000_000_u64) {
        let ceiling = Duration::from_millis(ceiling);
        prop_assert!(full_jitter(ceiling) <= ceiling);
    }
}
