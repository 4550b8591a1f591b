//! The ledger on real database files.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::os::unix::fs::PermissionsExt;

use mailbox_event::UnixMillis;
use store::{Effect, EffectKey, EffectKind, OpenError, Outcome, Planned, Store, StoreError};
use tempfile::TempDir;

const NOW: UnixMillis = UnixMillis(1_795_000_000_000);

async fn open(folder: &TempDir) -> Store {
    Store::open(folder.path().join("db.sqlite").to_str().unwrap()).await.unwrap()
}

async fn plan(store: &Store) -> Effect {
    store.plan(&EffectKey::of(&["a"]), EffectKind::AlarmMail, "<1@example.org>", NOW).await.unwrap()
}

async fn planned(store: &Store) -> Planned {
    match plan(store).await {
        Effect::Planned(planned) => planned,
        other => panic!("effect is not planned but {other:?}"),
    }
}

#[tokio::test]
async fn what_was_sent_is_over_also_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let sending = planned(&store).await.begin(NOW).await.unwrap();
    assert_eq!(sending.message_id(), "<1@example.org>");
    sending.sent(NOW).await.unwrap();
    store.close().await;
    let store = open(&folder).await;
    assert!(matches!(plan(&store).await, Effect::Over(Outcome::Sent)));
}

#[tokio::test]
async fn a_death_in_the_middle_leaves_an_interrupted_effect() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    drop(planned(&store).await.begin(NOW).await.unwrap());
    let Effect::Interrupted(interrupted) = plan(&store).await else { panic!("not interrupted") };
    assert_eq!(interrupted.repeats(), 0);
    let later = UnixMillis(NOW.0 + 5);
    drop(interrupted.begin_again(later).await.unwrap());
    let Effect::Interrupted(interrupted) = plan(&store).await else { panic!("not interrupted") };
    assert_eq!(interrupted.repeats(), 1);
    interrupted.give_up(later).await.unwrap();
    assert!(matches!(plan(&store).await, Effect::Over(Outcome::Failed)));
}

#[tokio::test]
async fn put_off_is_planned_again_and_keeps_its_message_id() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    planned(&store).await.begin(NOW).await.unwrap().put_off(NOW).await.unwrap();
    let key = EffectKey::of(&["a"]);
    let Effect::Planned(again) =
        store.plan(&key, EffectKind::AlarmMail, "<2@example.org>", NOW).await.unwrap()
    else {
        panic!("not planned")
    };
    let sending = again.begin(NOW).await.unwrap();
    assert_eq!(sending.message_id(), "<1@example.org>");
    sending.failed(NOW).await.unwrap();
    assert!(matches!(plan(&store).await, Effect::Over(Outcome::Failed)));
}

#[tokio::test]
async fn two_workers_that_plan_one_key_share_a_row_and_only_one_begins() {
    let folder = TempDir::new().unwrap();
    let (one, other) = (open(&folder).await, open(&folder).await);
    let (first, second) = tokio::join!(planned(&one), planned(&other));
    let (first, second) = tokio::join!(first.begin(NOW), second.begin(NOW));
    let begun = [&first, &second].into_iter().filter(|result| result.is_ok()).count();
    assert_eq!(begun, 1);
    let refused = if first.is_err() { first } else { second };
    assert!(matches!(refused, Err(StoreError::Taken)));
    assert_eq!(one.forget(UnixMillis(NOW.0 + 1)).await.unwrap(), 1);
}

#[tokio::test]
async fn many_workers_in_two_processes_wait_for_each_other() {
    let folder = TempDir::new().unwrap();
    let stores = [open(&folder).await, open(&folder).await];
    let work = (0..200_u32).map(|number| {
        let store = stores[number as usize % 2].clone();
        tokio::spawn(async move {
            let key = EffectKey::of(&[&(number / 4).to_string()]);
            match store.plan(&key, EffectKind::AlarmMail, "<1@example.org>", NOW).await.unwrap() {
                Effect::Planned(planned) => planned.drop(NOW).await.is_ok(),
                Effect::Interrupted(_) | Effect::Over(_) => false,
            }
        })
    });
    let mut dropped = 0;
    for worker in work.collect::<Vec<_>>() {
        dropped += usize::from(worker.await.unwrap());
    }
    assert_eq!(dropped, 50);
}

#[tokio::test]
async fn effects_are_forgotten_by_age() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    planned(&store).await.drop(NOW).await.unwrap();
    assert_eq!(store.forget(NOW).await.unwrap(), 0);
    assert!(matches!(plan(&store).await, Effect::Over(Outcome::Dropped)));
    assert_eq!(store.forget(UnixMillis(NOW.0 + 1)).await.unwrap(), 1);
}

#[tokio::test]
async fn files_are_for_their_owner_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("db.sqlite");
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let store = open(&folder).await;
    planned(&store).await.drop(NOW).await.unwrap();
    let mut files = 0;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        files += 1;
    }
    assert!(files >= 2, "there is no WAL");
}

#[tokio::test]
async fn other_databases_and_other_files_are_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("text");
    std::fs::write(&path, "this is no database, however long one reads".repeat(100)).unwrap();
    assert!(matches!(Store::open("postgres://localhost/x").await, Err(OpenError::Unsupported)));
    assert!(matches!(Store::open("/nowhere/at/all").await, Err(OpenError::File(_))));
    let url = format!("sqlite:{}", path.display());
    assert!(matches!(Store::open(&url).await, Err(OpenError::Database(_) | OpenError::Migrate(_))));
}
