//! States are heard and read before they are stored; an answer means that they are stored.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bus::{Bus, BusError, Failure, Key, KeyListener, Message, PutError, Retained, Revision, Versioned};
use bus_local::{LocalBus, LocalBusSettings};
use bytes::Bytes;
use futures_util::{FutureExt, future::join_all};
use mailbox_event::AccountToken;
use proptest::prelude::*;
use rusqlite::Connection;

use super::{ALICE, Scene, id};

const BOB: AccountToken = AccountToken([8; 16]);

/// The file does not take it, where [`refuse`] was.
const REFUSED: &[u8] = b"refused";

/// Has the file refuse a value: `ABORT` undoes its statement, `ROLLBACK` the transaction.
fn refuse(path: &Path, how: &str) {
    let sql = format!(
        "CREATE TRIGGER refuse BEFORE INSERT ON states WHEN NEW.value = CAST('refused' AS BLOB)
         BEGIN SELECT RAISE({how}, 'refused'); END"
    );
    Connection::open(path).unwrap().execute_batch(&sql).unwrap();
}

async fn put(
    bus: &LocalBus,
    account: AccountToken,
    value: &[u8],
    expected: Option<u64>,
) -> Result<u64, PutError> {
    let value = Bytes::copy_from_slice(value);
    Ok(bus.put_state(account, value, expected.map(Revision), id(1)).await?.0)
}

async fn read(bus: &LocalBus, account: AccountToken) -> Option<(u64, Bytes)> {
    let state = bus.state(account).await.unwrap();
    state.map(|Versioned { revision, value }| (revision.0, value))
}

fn is(revision: u64, value: &'static [u8]) -> Option<(u64, Bytes)> {
    Some((revision, Bytes::from_static(value)))
}

/// Notes the states that it hears.
#[derive(Default)]
struct Ear(Mutex<Vec<Bytes>>);

#[async_trait]
impl KeyListener for Ear {
    async fn hear(&self, message: Arc<Message>) -> Result<(), Failure> {
        self.0.lock().unwrap().push(message.payload.clone());
        Ok(())
    }
}

#[tokio::test]
async fn a_state_is_heard_and_read_before_it_is_stored() {
    let scene = Scene::new(LocalBusSettings::default());
    let ear = Arc::new(Ear::default());
    let _held = scene.bus.another_node().register_key(Key(ALICE), ear.clone()).await.unwrap();
    assert_eq!(put(&scene.bus, ALICE, b"a", None).await.unwrap(), 1);
    let mut putting = Box::pin(put(&scene.bus, ALICE, b"b", Some(1)));
    assert!((&mut putting).now_or_never().is_none(), "it waits for the file");
    assert_eq!(*ear.0.lock().unwrap(), [&b"a"[..], b"b"]);
    assert_eq!(read(&scene.bus, ALICE).now_or_never(), Some(is(2, b"b")));
    let second = put(&scene.bus, ALICE, b"c", Some(1)).now_or_never().unwrap();
    assert!(matches!(second, Err(PutError::Conflict)), "somebody was first");
    assert_eq!(putting.await.unwrap(), 2);
    assert_eq!(ear.0.lock().unwrap().len(), 2, "a conflict is not heard");
}

#[tokio::test]
async fn of_writes_that_come_together_the_last_is_stored() {
    let scene = Scene::new(LocalBusSettings::default());
    put(&scene.bus, ALICE, b"first", None).await.unwrap();
    let values: Vec<_> = (1..=20_u8).map(|number| [number]).collect();
    let puts = (1..).zip(&values).map(|(revision, value)| put(&scene.bus, ALICE, value, Some(revision)));
    let revisions: Vec<_> = join_all(puts).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(revisions, (2..=21).collect::<Vec<_>>());
    let scene = scene.reopen_after(LocalBusSettings::default(), |_| ()).await;
    assert_eq!(read(&scene.bus, ALICE).await, is(21, &[20]));
    assert_eq!(put(&scene.bus, ALICE, b"next", Some(21)).await.unwrap(), 22);
}

#[tokio::test]
async fn a_crash_loses_nothing_that_was_answered() {
    let scene = Scene::new(LocalBusSettings::default());
    put(&scene.bus, ALICE, b"answered", None).await.unwrap();
    let mut unanswered = Box::pin(put(&scene.bus, ALICE, b"heard", Some(1)));
    assert!((&mut unanswered).now_or_never().is_none());
    let after = tempfile::tempdir().unwrap();
    for file in ["bus.db", "bus.db-wal"] {
        std::fs::copy(scene.folder.path().join(file), after.path().join(file)).unwrap();
    }
    let settings = LocalBusSettings::default();
    let reopened = LocalBus::open(&after.path().join("bus.db"), settings).unwrap();
    let (revision, value) = read(&reopened, ALICE).await.unwrap();
    assert!(value == "answered" || value == "heard");
    let again = put(&reopened, ALICE, b"heard", Some(revision)).await.unwrap();
    assert_eq!(read(&reopened, ALICE).await, is(again, b"heard"));
    unanswered.await.unwrap();
}

async fn lost_and_written_again(how: &str, is_alone: bool) {
    let settings = LocalBusSettings::default;
    let scene = Scene::new(settings());
    let scene = scene.reopen_after(settings(), |path| refuse(path, how)).await;
    for account in [ALICE, BOB] {
        put(&scene.bus, account, b"kept", None).await.unwrap();
    }
    let (lost, other) =
        tokio::join!(put(&scene.bus, ALICE, REFUSED, Some(1)), put(&scene.bus, BOB, b"other", Some(1)),);
    assert!(matches!(lost, Err(PutError::Bus(BusError::Unavailable(_)))), "{lost:?}");
    assert_eq!(other.is_ok(), is_alone);
    assert_eq!(read(&scene.bus, ALICE).await, is(1, b"kept"));
    assert_eq!(read(&scene.bus, BOB).await, if is_alone { is(2, b"other") } else { is(1, b"kept") });
    let late = put(&scene.bus, ALICE, b"late", Some(2)).await;
    assert!(matches!(late, Err(PutError::Conflict)), "the second revision was lost");
    assert_eq!(put(&scene.bus, ALICE, b"again", Some(1)).await.unwrap(), 3, "and names no other state");
    let late = put(&scene.bus, ALICE, b"late", Some(2)).await;
    assert!(matches!(late, Err(PutError::Conflict)));
    let scene = scene.reopen_after(settings(), |_| ()).await;
    assert_eq!(read(&scene.bus, ALICE).await, is(3, b"again"));
}

#[tokio::test]
async fn a_state_that_the_file_refuses_is_lost_alone() {
    lost_and_written_again("ABORT", true).await;
}

#[tokio::test]
async fn a_transaction_that_fails_loses_every_state_in_it() {
    lost_and_written_again("ROLLBACK", false).await;
}

/// What is done with one of a few accounts.
#[derive(Debug, Clone)]
enum Step {
    Put {
        account: u8,
    },
    /// With a revision that the account never had.
    Conflict {
        account: u8,
    },
    /// One that the file refuses.
    Lose {
        account: u8,
    },
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let account = 0..4_u8;
    prop_oneof![
        6 => account.clone().prop_map(|account| Step::Put { account }),
        2 => account.clone().prop_map(|account| Step::Conflict { account }),
        1 => account.prop_map(|account| Step::Lose { account }),
        1 => Just(Step::Reopen),
    ]
}

/// The revision and value of each account, and how many were written.
#[derive(Default)]
struct Model {
    states: HashMap<u8, (u64, Bytes)>,
    writes: u64,
}

impl Model {
    fn expected(&self, account: u8) -> Option<u64> {
        self.states.get(&account).map(|state| state.0)
    }

    async fn play(&mut self, scene: Scene, step: Step, settings: &LocalBusSettings) -> Scene {
        let (bus, token) = (&scene.bus, |account| AccountToken([account; 16]));
        match step {
            Step::Put { account } => {
                let (expected, value) = (self.expected(account), Bytes::from(self.writes.to_string()));
                self.writes += 1;
                let revision = put(bus, token(account), &value, expected).await.unwrap();
                assert!(Some(revision) > expected);
                self.states.insert(account, (revision, value));
            }
            Step::Conflict { account } => {
                let put = put(bus, token(account), b"", Some(u64::MAX >> 1)).await;
                assert!(matches!(put, Err(PutError::Conflict)));
            }
            Step::Lose { account } => {
                let put = put(bus, token(account), REFUSED, self.expected(account)).await;
                assert!(matches!(put, Err(PutError::Bus(_))));
            }
            Step::Reopen => return scene.reopen_after(settings.clone(), |_| ()).await,
        }
        scene
    }
}

async fn agrees_with_the_model(steps: Vec<Step>, settings: LocalBusSettings) {
    let (scene, mut model) = (Scene::new(settings.clone()), Model::default());
    let mut scene = scene.reopen_after(settings.clone(), |path| refuse(path, "ABORT")).await;
    for step in steps {
        scene = model.play(scene, step, &settings).await;
        for account in 0..4 {
            let found = read(&scene.bus, AccountToken([account; 16])).await;
            assert_eq!(found.as_ref(), model.states.get(&account));
        }
    }
    scene.bus.close().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn states_are_what_was_written(
        steps in prop::collection::vec(step(), 1..40),
        state_cache in prop_oneof![Just(0_usize), Just(1200), Just(1 << 20)],
        writer_queue in prop_oneof![Just(1_usize), Just(512)],
    ) {
        let settings = LocalBusSettings { state_cache, writer_queue, ..LocalBusSettings::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(agrees_with_the_model(steps, settings));
    }
}
