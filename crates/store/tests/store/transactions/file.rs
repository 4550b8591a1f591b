//! What only SQLite has, where callers share transactions.

use std::{path::Path, time::Duration};

use futures_util::future::join_all;
use sqlx::{Executor as _, SqliteConnection};
use store::{Settings, Store};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::{
    departures::{WIDE, depart, key, try_depart},
    fixture::{Fixture, NOW, account, connect, open},
};

const USER: &str = "alice@example.org";
/// No more than go in a transaction.
const TOGETHER: usize = 30;
/// For whoever is to find the file locked for too long.
const SHORT: Duration = Duration::from_millis(100);

async fn paid(settings: &Settings) -> Store {
    let store = open(settings).await;
    store.grant(&account(USER), 1_000, "start", NOW).await.unwrap();
    store
}

async fn reserved(store: &Store) -> u64 {
    assert_eq!(store.audit().await.unwrap(), 0);
    let credit = store.credit(&account(USER)).await.unwrap();
    assert_eq!(credit.available + credit.reserved, 1_000);
    credit.reserved
}

/// How many of so many that ask at the same time depart, and how many are told of a failure.
async fn departed(store: &Store, names: std::ops::Range<usize>) -> (usize, usize) {
    let user = account(USER);
    let asked = join_all(names.map(|name| try_depart(store, &user, name, WIDE))).await;
    let departed = asked.iter().filter(|asked| matches!(asked, Ok(Some(_)))).count();
    (departed, asked.iter().filter(|asked| asked.is_err()).count())
}

/// Holds the file as another process that writes.
async fn locked(folder: &TempDir) -> SqliteConnection {
    let mut connection = connect(folder).await;
    connection.execute("BEGIN IMMEDIATE").await.unwrap();
    connection
}

/// The commits in a write-ahead log: the frames of its last generation that say how large the file is after them
/// (sqlite.org/fileformat.html, 4.1).
fn commits(folder: &Path) -> usize {
    let log = std::fs::read(folder.join("db.sqlite-wal")).unwrap();
    let number = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap());
    let (page, salt) = (usize::try_from(number(8)).unwrap(), &log[16..24]);
    let frames = log[32..].chunks_exact(24 + page).take_while(|frame| &frame[8..16] == salt);
    frames.filter(|frame| frame[4..8] != [0; 4]).count()
}

#[tokio::test]
async fn texts_at_the_same_time_are_committed_together() {
    let fixture = Fixture::sqlite().await;
    let store = paid(&fixture.settings()).await;
    fixture.by_hand("PRAGMA wal_checkpoint(TRUNCATE)").await;
    assert_eq!(departed(&store, 0..TOGETHER).await, (TOGETHER, 0));
    let Fixture::Sqlite { folder } = &fixture else { panic!("it is a file") };
    let commits = commits(folder.path());
    assert!((1..=TOGETHER / 10).contains(&commits), "{commits} commits for {TOGETHER} texts");
}

#[tokio::test]
async fn commit_that_fails_is_told_to_all_and_changes_nothing() {
    let fixture = Fixture::sqlite().await;
    let store = paid(&fixture.settings()).await;
    let owing = format!(
        "CREATE TABLE lenders (name TEXT PRIMARY KEY);
         CREATE TABLE debts (lender TEXT REFERENCES lenders (name) DEFERRABLE INITIALLY DEFERRED);
         CREATE TRIGGER owe AFTER INSERT ON sms_messages WHEN NEW.id = '{}' BEGIN
             INSERT INTO debts VALUES ('nobody');
         END;",
        key(TOGETHER / 2)
    );
    fixture.by_hand(&owing).await;
    assert_eq!(departed(&store, 0..TOGETHER).await, (0, TOGETHER));
    assert_eq!(reserved(&store).await, 0);
    assert_eq!(fixture.count("SELECT COUNT(*) FROM effects").await, 0);
    fixture.by_hand("DROP TRIGGER owe").await;
    assert_eq!(departed(&store, 0..TOGETHER).await, (TOGETHER, 0));
    assert_eq!(reserved(&store).await, 2 * u64::try_from(TOGETHER).unwrap());
}

/// As SQLite does by itself where the disk is full.
#[tokio::test]
async fn transaction_that_is_taken_back_under_one_is_lost_for_all_of_it() {
    let fixture = Fixture::sqlite().await;
    let store = paid(&fixture.settings()).await;
    let key = key(TOGETHER / 2);
    let full = format!(
        "CREATE TRIGGER full BEFORE INSERT ON sms_messages WHEN NEW.id = '{key}' BEGIN
             SELECT RAISE(ROLLBACK, 'disk is full');
         END;"
    );
    fixture.by_hand(&full).await;
    let (departed_before, failed) = departed(&store, 0..TOGETHER).await;
    assert!(failed > TOGETHER / 2, "those before it in its transaction, and itself");
    assert_eq!(departed_before + failed, TOGETHER, "those after it have another");
    assert_eq!(reserved(&store).await, 2 * u64::try_from(departed_before).unwrap());
    fixture.by_hand("DROP TRIGGER full").await;
    assert!(depart(&store, &account(USER), TOGETHER / 2, WIDE).await.is_some());
}

#[tokio::test]
async fn file_that_another_process_holds_is_told_to_all_and_written_when_it_is_free() {
    let fixture = Fixture::sqlite().await;
    let store = paid(&Settings { statement_timeout: SHORT, ..fixture.settings() }).await;
    let Fixture::Sqlite { folder } = &fixture else { panic!("it is a file") };
    let mut other = locked(folder).await;
    assert_eq!(departed(&store, 0..4).await, (0, 4));
    other.execute("ROLLBACK").await.unwrap();
    assert_eq!(reserved(&store).await, 0);
    // On a busy machine one of them may still be late.
    testkit::eventually(Duration::from_secs(20), "texts depart", async || {
        (departed(&store, 0..4).await.1 == 0).then_some(())
    })
    .await;
    assert_eq!(reserved(&store).await, 8);
}

#[tokio::test]
async fn who_went_away_before_its_steps_began_has_none_of_them() {
    let fixture = Fixture::sqlite().await;
    let store = paid(&fixture.settings()).await;
    let Fixture::Sqlite { folder } = &fixture else { panic!("it is a file") };
    let mut other = locked(folder).await;
    assert!(timeout(SHORT, departed(&store, 0..TOGETHER)).await.is_err());
    other.execute("COMMIT").await.unwrap();
    assert_eq!(departed(&store, TOGETHER..TOGETHER + 2).await, (2, 0));
    assert_eq!(reserved(&store).await, 4);
}
