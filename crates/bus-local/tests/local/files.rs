//! Whose file it is, who may read it, and what happens to one that is not a bus.

use std::{error::Error, fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use bus::{Bucket, Bus, BusError, Retained};
use bus_local::{LocalBus, LocalBusSettings, OpenError};
use bytes::Bytes;
use rusqlite::Connection;

use super::{ALICE, Scene, id};

fn refusal(path: &Path) -> OpenError {
    match LocalBus::open(path, LocalBusSettings::default()) {
        Err(BusError::Unusable(error)) => *error.downcast::<OpenError>().unwrap(),
        Err(other) => panic!("{other}: {:?}", other.source()),
        Ok(_) => panic!("it was opened"),
    }
}

#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    let scene = Scene::new(LocalBusSettings::default());
    scene.bus.put_state(ALICE, Bytes::from_static(b"state"), None, id(1)).await.unwrap();
    let modes: Vec<_> = fs::read_dir(scene.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().permissions().mode() & 0o777)
        .collect();
    assert_eq!(modes, [0o600; 4], "the database, its log, the log's index and the lock");
}

#[tokio::test]
async fn values_whose_time_is_over_leave_no_trace() {
    let scene = Scene::new(LocalBusSettings::default());
    let put = async |scene: &Scene, key: &str| {
        let (value, minute) = (Bytes::from(format!("secret of {key}")), Duration::from_secs(60));
        scene.bus.put(Bucket::Verdicts, key, value, minute).await.unwrap();
    };
    let traces = |path: &Path| {
        let octets = fs::read(path).unwrap();
        ["alice", "bob"].map(|key| octets.windows(key.len()).any(|octets| octets == key.as_bytes()))
    };
    put(&scene, "alice").await;
    scene.clock.advance(Duration::from_secs(60));
    put(&scene, "bob").await;
    let scene = scene
        .reopen_after(LocalBusSettings::default(), |path| {
            assert_eq!(traces(path), [false, true], "a write takes them away");
        })
        .await;
    scene.clock.advance(Duration::from_secs(60));
    let scene = scene.reopen_after(LocalBusSettings::default(), |_| ()).await;
    let end = |path: &Path| assert_eq!(traces(path), [false, false], "so does the start");
    scene.reopen_after(LocalBusSettings::default(), end).await;
}

#[tokio::test]
async fn a_file_that_others_could_read_is_closed_to_them() {
    let scene = Scene::new(LocalBusSettings::default());
    scene.bus.close().await;
    let [path, lock] = ["bus.db", "bus.db-lock"].map(|name| scene.folder.path().join(name));
    for path in [&path, &lock] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    }
    let bus = LocalBus::open(&path, LocalBusSettings::default()).unwrap();
    for path in [&path, &lock] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    bus.close().await;
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus.db");
    let text = "not a database, ".repeat(1000);
    fs::write(&path, &text).unwrap();
    assert!(matches!(refusal(&path), OpenError::Damaged(_)));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_database_of_another_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE mail (id INTEGER)").unwrap();
    assert!(matches!(refusal(&path), OpenError::Foreign));
}

#[tokio::test]
async fn a_database_of_a_later_version_is_refused() {
    let scene = Scene::new(LocalBusSettings::default());
    scene.bus.close().await;
    let path = scene.folder.path().join("bus.db");
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 1000).unwrap();
    assert!(matches!(refusal(&path), OpenError::TooNew { found: 1000, known: 1 }));
}

#[tokio::test]
async fn a_damaged_database_is_an_error_and_no_panic() {
    let scene = Scene::new(LocalBusSettings::default());
    for account in 0..200 {
        let account = mailbox_event::AccountToken([account; 16]);
        scene.bus.put_state(account, Bytes::from(vec![1; 2000]), None, id(1)).await.unwrap();
    }
    scene.bus.close().await;
    let path = scene.folder.path().join("bus.db");
    let mut octets = fs::read(&path).unwrap();
    octets[4096..].fill(0xa5);
    fs::write(&path, octets).unwrap();
    let unusable = match LocalBus::open(&path, LocalBusSettings::default()) {
        Err(error) => error,
        Ok(bus) => bus.state(ALICE).await.unwrap_err(),
    };
    assert!(matches!(unusable, BusError::Unusable(_)), "{unusable}: {:?}", unusable.source());
    assert!(!unusable.is_transient());
}

#[test]
fn a_file_that_cannot_be_made_is_refused() {
    assert!(matches!(refusal(Path::new("/nowhere/at/all/bus.db")), OpenError::Io(_)));
}

#[tokio::test]
async fn a_second_bus_on_one_file_is_refused() {
    let scene = Scene::new(LocalBusSettings::default());
    let path = scene.folder.path().join("bus.db");
    assert!(matches!(refusal(&path), OpenError::InUse));
    scene.bus.put_state(ALICE, Bytes::from_static(b"state"), None, id(1)).await.unwrap();
    assert!(matches!(refusal(&path), OpenError::InUse), "the first one kept its lock");
}

#[tokio::test]
async fn a_closed_bus_is_unavailable_and_its_file_free() {
    let scene = Scene::new(LocalBusSettings::default());
    let node = scene.bus.another_node();
    let calls: Vec<_> = (0..50)
        .map(|account| {
            let bus = scene.bus.clone();
            let account = mailbox_event::AccountToken([account; 16]);
            tokio::spawn(async move { bus.put_state(account, Bytes::new(), None, id(1)).await })
        })
        .collect();
    tokio::task::yield_now().await;
    scene.bus.close().await;
    scene.bus.close().await;
    assert!(matches!(node.health().await, Err(BusError::Unavailable(_))));
    let path = scene.folder.path().join("bus.db");
    let reopened = LocalBus::open(&path, LocalBusSettings::default()).unwrap();
    for (account, call) in (0..50).zip(calls) {
        let kept = reopened.state(mailbox_event::AccountToken([account; 16])).await.unwrap();
        assert_eq!(kept.is_some(), call.await.unwrap().is_ok(), "an answer is the truth");
    }
}
