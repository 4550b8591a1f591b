//! The server goes away and comes back.

use std::time::{Duration, Instant};

use store::{Effect, EffectKey, EffectKind, Settings, Store, StoreError};
use testkit::{eventually, postgres::Postgres};

use crate::fixture::{NOW, open};

/// What a call may take, and room for a busy machine.
const LIMIT: Duration = Duration::from_secs(1);
const BOUND: Duration = Duration::from_secs(6);
const SOON: Duration = Duration::from_secs(20);

fn settings(server: &Postgres, database: &str) -> Settings {
    Settings {
        acquire_timeout: LIMIT,
        statement_timeout: LIMIT,
        connections: 3,
        ..Settings::at(server.url(database))
    }
}

async fn plan(store: &Store, key: &str) -> Result<Effect, StoreError> {
    store.plan(&EffectKey::of(&[key]), EffectKind::AlarmMail, "<1@example.org>", NOW).await
}

/// As many calls as there are connections and more; each fails in time.
async fn assert_away(store: &Store) {
    let began = Instant::now();
    let calls = (0..8).map(|number| {
        let store = store.clone();
        tokio::spawn(async move { plan(&store, &number.to_string()).await.err() })
    });
    for call in calls.collect::<Vec<_>>() {
        let why = call.await.unwrap().expect("the server is away");
        assert!(matches!(why, StoreError::Database(_) | StoreError::Unprepared(_)), "{why:?}");
    }
    assert!(began.elapsed() < BOUND, "it took {:?}", began.elapsed());
}

async fn assert_back(store: &Store) {
    eventually(SOON, "the store works again", async || store.check().await.ok()).await;
    // Each connection that the pool has, not only the first.
    for number in 0..8 {
        plan(store, &format!("after {number}")).await.unwrap();
    }
}

#[tokio::test]
async fn stopped_server_is_told_in_time_and_found_again() {
    let mut server = Postgres::start().await;
    let name = server.database();
    let store = open(&settings(&server, &name)).await;
    plan(&store, "before").await.unwrap();
    for _ in 0..2 {
        server.stop().await;
        assert_away(&store).await;
        server.restart().await;
        assert_back(&store).await;
        server.kill().await;
        assert_away(&store).await;
        server.restart().await;
        assert_back(&store).await;
    }
    assert!(matches!(plan(&store, "before").await.unwrap(), Effect::Planned(_)));
}

#[tokio::test]
async fn server_that_says_nothing_is_told_in_time_and_holds_no_connection_for_ever() {
    let server = Postgres::start().await;
    let name = server.database();
    let store = open(&settings(&server, &name)).await;
    plan(&store, "before").await.unwrap();
    server.pause();
    for _ in 0..3 {
        assert_away(&store).await;
    }
    server.resume();
    assert_back(&store).await;
}

#[tokio::test]
async fn connections_that_never_answer_again_are_replaced() {
    let server = Postgres::start().await;
    let name = server.database();
    let store = open(&settings(&server, &name)).await;
    for give_up_after in [Duration::from_millis(20), BOUND] {
        assert_back(&store).await;
        let calls = (0..8).map(|_| store.check());
        futures_util::future::try_join_all(calls).await.unwrap();
        assert!(server.pause_connections(&name) > 0);
        for _ in 0..3 {
            // Either the store's patience ends first, or that of whoever called it, or a further connection serves.
            tokio::time::timeout(give_up_after, store.check()).await.ok();
        }
        eventually(SOON, "the store has other connections", async || store.check().await.ok()).await;
    }
}

#[tokio::test]
async fn calls_that_nobody_waits_for_any_more_leave_no_connection_behind() {
    let server = Postgres::start().await;
    let name = server.database();
    let store = open(&settings(&server, &name)).await;
    plan(&store, "before").await.unwrap();
    server.pause();
    for number in 0..20 {
        let key = number.to_string();
        assert!(tokio::time::timeout(Duration::from_millis(20), plan(&store, &key)).await.is_err());
    }
    server.resume();
    assert_back(&store).await;
}

#[tokio::test]
async fn server_that_comes_after_us_is_prepared_when_it_is_there() {
    let mut server = Postgres::start().await;
    let name = server.database();
    server.stop().await;
    let store = open(&settings(&server, &name)).await;
    assert_away(&store).await;
    server.restart().await;
    eventually(SOON, "the store is prepared", async || store.check().await.ok()).await;
    assert_back(&store).await;
}

#[tokio::test]
async fn statement_that_waits_for_a_lock_ends_in_time_on_both_sides() {
    let server = Postgres::shared().await;
    let name = server.database();
    let store = open(&settings(&server, &name)).await;
    let locking = {
        let (server, name) = (server.clone(), name.clone());
        tokio::task::spawn_blocking(move || {
            server.sql(&name, "BEGIN; LOCK TABLE effects; DO $$ BEGIN PERFORM pg_sleep(4); END $$");
        })
    };
    let locked =
        "SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'effects'::regclass";
    eventually(SOON, "the table is locked", async || server.rows(&name, locked).first().cloned()).await;
    assert!(matches!(plan(&store, "1").await, Err(StoreError::Database(_))));
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    eventually(SOON, "the server waits no more", async || {
        (server.rows(&name, waiting) == ["0"]).then_some(())
    })
    .await;
    locking.await.unwrap();
    plan(&store, "1").await.unwrap();
}
