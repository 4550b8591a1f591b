//! Other programs at the database while the bus runs, and what a kill leaves.

use std::{fs, path::Path, time::Duration};

use bus::{Bucket, Bus, BusError, PutError, Retained};
use bus_local::{LocalBus, LocalBusSettings};
use bytes::Bytes;
use rusqlite::Connection;

use super::{ALICE, Runs, Scene, id, job};

const MINUTE: Duration = Duration::from_secs(60);

fn foreign(scene: &Scene) -> Connection {
    Connection::open(scene.folder.path().join("bus.db")).unwrap()
}

async fn put(scene: &Scene, key: &str) {
    scene.bus.put(Bucket::Revocations, key, Bytes::from_static(b"1"), MINUTE).await.unwrap();
}

async fn value(scene: &Scene, key: &str) -> Option<Bytes> {
    scene.bus.get(Bucket::Revocations, key).await.unwrap().map(|found| found.value)
}

#[tokio::test]
async fn what_another_program_wrote_is_known_from_the_next_transaction_on() {
    let scene = Scene::new(LocalBusSettings { max_values: 3, ..LocalBusSettings::default() });
    let revision = scene.bus.put_state(ALICE, Bytes::from_static(b"state"), None, id(1)).await.unwrap();
    for key in ["a", "b", "c"] {
        put(&scene, key).await;
    }
    let sql =
        "DELETE FROM states; DELETE FROM kv WHERE key = 'a'; UPDATE kv SET value = X'32' WHERE key = 'b';
               UPDATE kv SET key = 'd' WHERE key = 'c';";
    foreign(&scene).execute_batch(sql).unwrap();
    scene.bus.health().await.unwrap();
    assert_eq!(value(&scene, "a").await, None);
    assert_eq!(value(&scene, "b").await, Some(Bytes::from_static(b"2")));
    assert_eq!(value(&scene, "c").await, None);
    assert_eq!(value(&scene, "d").await, Some(Bytes::from_static(b"1")));
    assert_eq!(scene.bus.state(ALICE).await.unwrap(), None);
    let old = scene.bus.put_state(ALICE, Bytes::new(), Some(revision), id(2)).await;
    assert!(matches!(old, Err(PutError::Conflict)));
    scene.bus.put_state(ALICE, Bytes::new(), None, id(2)).await.unwrap();
    put(&scene, "there is room for one").await;
    let full = scene.bus.put(Bucket::Revocations, "and for no other", Bytes::new(), MINUTE).await;
    assert!(matches!(full, Err(BusError::Full)));
}

#[tokio::test]
async fn a_state_is_not_stored_over_what_another_program_wrote() {
    let written = "UPDATE states SET revision = revision + 1, value = CAST('theirs' AS BLOB)";
    for (sql, left) in [(written, Some(Bytes::from_static(b"theirs"))), ("DELETE FROM states", None)] {
        let scene = Scene::new(LocalBusSettings::default());
        let put = |expected| scene.bus.put_state(ALICE, Bytes::from_static(b"ours"), expected, id(1));
        let revision = put(None).await.unwrap();
        foreign(&scene).execute_batch(sql).unwrap();
        assert!(matches!(put(Some(revision)).await, Err(PutError::Bus(BusError::Unavailable(_)))));
        let found = scene.bus.state(ALICE).await.unwrap();
        assert_eq!(found.as_ref().map(|found| found.value.clone()), left);
        put(found.map(|found| found.revision)).await.unwrap();
    }
}

#[tokio::test]
async fn another_program_reads_a_whole_database() {
    let scene = Scene::new(LocalBusSettings::default());
    put(&scene, "a").await;
    let reader = foreign(&scene);
    let count = || reader.query_row("SELECT COUNT(*) FROM kv", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count(), 1);
    reader.execute_batch("BEGIN; SELECT COUNT(*) FROM kv;").unwrap();
    put(&scene, "b").await;
    assert_eq!(count(), 1, "what there was when it began");
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(count(), 2);
    let sound: String = reader.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}

#[tokio::test]
async fn another_program_that_holds_the_database_makes_calls_fail_until_it_lets_go() {
    let scene = Scene::new(LocalBusSettings::default());
    scene.register(&Runs::new(|_| Ok(()))).await.unregister();
    let writer = foreign(&scene);
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(scene.bus.dispatch(job(1), &[]).await, Err(BusError::Unavailable(_))));
    writer.execute_batch("ROLLBACK").unwrap();
    assert_eq!(scene.pending().await, 0, "nothing of it was done");
    scene.dispatch(job(1)).await;
    assert_eq!(scene.pending().await, 1);
}

#[tokio::test]
async fn a_state_waits_for_another_program_that_is_quick() {
    let scene = Scene::new(LocalBusSettings::default());
    let writer = foreign(&scene);
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut putting = Box::pin(scene.bus.put_state(ALICE, Bytes::new(), None, id(1)));
    let early = tokio::time::timeout(Duration::from_millis(100), &mut putting).await;
    assert!(early.is_err(), "it can neither be stored yet nor has it failed");
    writer.execute_batch("COMMIT").unwrap();
    putting.await.unwrap();
}

/// Copies what a kill would leave, and spoils the index of the log.
fn remains(scene: &Scene, index: &[u8], into: &Path) {
    for name in ["bus.db", "bus.db-wal", "bus.db-lock"] {
        fs::copy(scene.folder.path().join(name), into.join(name)).unwrap();
    }
    fs::write(into.join("bus.db-shm"), index).unwrap();
}

#[tokio::test]
async fn an_index_of_the_log_that_a_kill_left_is_made_again() {
    let scene = Scene::new(LocalBusSettings::default());
    put(&scene, "a").await;
    let left = fs::read(scene.folder.path().join("bus.db-shm")).unwrap();
    let of_another_time = vec![0xa5; left.len()];
    for index in [left.as_slice(), &of_another_time, &left[..100], &[]] {
        let folder = tempfile::tempdir().unwrap();
        remains(&scene, index, folder.path());
        let path = folder.path().join("bus.db");
        let bus = super::open(&folder, &scene.clock, LocalBusSettings::default());
        assert!(bus.get(Bucket::Revocations, "a").await.unwrap().is_some());
        assert!(matches!(LocalBus::open(&path, LocalBusSettings::default()), Err(BusError::Unusable(_))));
        bus.close().await;
        assert!(!folder.path().join("bus.db-shm").exists(), "it goes with the last connection");
    }
}
