//! Values are read beside the writer, and say what the file says.

use std::{collections::HashMap, time::Duration};

use bus::{Bucket, BusError, PutError, Retained, Revision, Versioned};
use bus_local::{LocalBus, LocalBusSettings};
use bytes::Bytes;
use futures_util::FutureExt;
use mailbox_event::AccountToken;
use proptest::prelude::*;

use super::{Scene, id, rest::rest};

const MINUTE: Duration = Duration::from_secs(60);

/// The answer of who is not asked to wait.
fn at_once(bus: &LocalBus, key: &str) -> Option<Option<Versioned>> {
    bus.get(Bucket::Revocations, key).now_or_never().map(Result::unwrap)
}

#[tokio::test]
async fn an_absent_key_is_known_at_once() {
    let scene = Scene::new(LocalBusSettings::default());
    assert_eq!(at_once(&scene.bus, "a"), Some(None));
    scene.bus.put(Bucket::Revocations, "b", Bytes::from_static(b"1"), MINUTE).await.unwrap();
    let scene = scene.reopen_after(LocalBusSettings::default(), |_| ()).await;
    assert_eq!(at_once(&scene.bus, "a"), Some(None));
    // Read from the file, which may be done before anybody looks.
    let read = scene.bus.get(Bucket::Revocations, "b").await.unwrap();
    assert!(read.is_some());
    assert_eq!(at_once(&scene.bus, "b"), Some(read), "and known from then on");
}

#[tokio::test]
async fn a_value_whose_time_was_over_before_the_start_is_absent_at_once() {
    let scene = Scene::new(LocalBusSettings::default());
    scene.bus.put(Bucket::Revocations, "a", Bytes::from_static(b"1"), MINUTE).await.unwrap();
    scene.clock.advance(MINUTE);
    let scene = scene.reopen_after(LocalBusSettings::default(), |_| ()).await;
    assert_eq!(at_once(&scene.bus, "a"), Some(None));
}

#[tokio::test]
async fn a_value_is_known_as_soon_as_it_is_stored() {
    let scene = Scene::new(LocalBusSettings::default());
    let value = Bytes::from_static(b"1");
    let revision = scene.bus.put(Bucket::Revocations, "a", value.clone(), MINUTE).await.unwrap();
    let stored = Some(Versioned { revision, value });
    assert_eq!(at_once(&scene.bus, "a"), Some(stored.clone()));
    assert_eq!(at_once(&scene.bus.another_node(), "a"), Some(stored));
    scene.clock.advance(MINUTE);
    assert_eq!(at_once(&scene.bus, "a"), Some(None));
    scene.bus.put(Bucket::Leases, "b", Bytes::new(), MINUTE).await.unwrap();
    assert_eq!(at_once(&scene.bus, "a"), Some(None), "the write took it away");
}

#[tokio::test]
async fn a_closed_bus_answers_no_read() {
    let scene = Scene::new(LocalBusSettings::default());
    scene.bus.put(Bucket::Revocations, "a", Bytes::new(), MINUTE).await.unwrap();
    rest(&scene.bus).await;
    scene.bus.close().await;
    for key in ["a", "absent"] {
        assert!(matches!(scene.bus.get(Bucket::Revocations, key).await, Err(BusError::Unavailable(_))));
    }
}

/// What is done to one of a few keys.
#[derive(Debug, Clone)]
enum Step {
    Put {
        key: u8,
        seconds: u64,
    },
    /// With the revision that the model knows, or a wrong one.
    CompareAndPut {
        key: u8,
        seconds: u64,
        is_right: bool,
    },
    Delete {
        key: u8,
    },
    Pass {
        seconds: u64,
    },
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let (key, seconds) = (0..4_u8, 1..30_u64);
    prop_oneof![
        4 => (key.clone(), seconds.clone()).prop_map(|(key, seconds)| Step::Put { key, seconds }),
        4 => (key.clone(), seconds.clone(), any::<bool>())
            .prop_map(|(key, seconds, is_right)| Step::CompareAndPut { key, seconds, is_right }),
        2 => key.prop_map(|key| Step::Delete { key }),
        2 => seconds.prop_map(|seconds| Step::Pass { seconds }),
        1 => Just(Step::Reopen),
    ]
}

/// What a bus should say: by key, the revision and when its time is over.
#[derive(Default)]
struct Model {
    now: u64,
    kept: HashMap<u8, (Revision, u64)>,
}

impl Model {
    fn get(&self, key: u8) -> Option<Revision> {
        self.kept.get(&key).filter(|&&(_, end)| end > self.now).map(|&(revision, _)| revision)
    }

    async fn play(&mut self, scene: Scene, step: Step, settings: &LocalBusSettings) -> Scene {
        let (bus, name) = (&scene.bus, |key: u8| key.to_string());
        let value = Bytes::from(vec![0; 100]);
        match step {
            Step::Put { key, seconds } => {
                let lasts = Duration::from_secs(seconds);
                let revision = bus.put(Bucket::Tickets, &name(key), value, lasts).await.unwrap();
                self.kept.insert(key, (revision, self.now + seconds));
            }
            Step::CompareAndPut { key, seconds, is_right } => {
                let lasts = Duration::from_secs(seconds);
                let expected = if is_right { self.get(key) } else { Some(Revision(u64::MAX >> 1)) };
                let put = bus.compare_and_put(Bucket::Tickets, &name(key), value, expected, lasts).await;
                match put {
                    Ok(revision) if is_right => {
                        self.kept.insert(key, (revision, self.now + seconds));
                    }
                    Err(PutError::Conflict) if !is_right => {}
                    other => panic!("{other:?}"),
                }
            }
            Step::Delete { key } => {
                bus.delete(Bucket::Tickets, &name(key), None).await.unwrap();
                self.kept.remove(&key);
            }
            Step::Pass { seconds } => {
                scene.clock.advance(Duration::from_secs(seconds));
                self.now += seconds;
            }
            Step::Reopen => return scene.reopen_after(settings.clone(), |_| ()).await,
        }
        scene
    }
}

async fn agrees_with_the_model(steps: Vec<Step>, settings: LocalBusSettings) {
    let (mut scene, mut model) = (Scene::new(settings.clone()), Model::default());
    for step in steps {
        scene = model.play(scene, step, &settings).await;
        for key in 0..4 {
            let found = scene.bus.get(Bucket::Tickets, &key.to_string()).await.unwrap();
            assert_eq!(found.map(|found| found.revision), model.get(key));
        }
    }
    scene.bus.close().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn reads_say_what_was_written(
        steps in prop::collection::vec(step(), 1..40),
        value_cache in prop_oneof![Just(0_usize), Just(1200), Just(1 << 20)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(agrees_with_the_model(steps, LocalBusSettings { value_cache, ..LocalBusSettings::default() }));
    }
}

#[test]
fn a_runtime_that_ends_before_the_answer_loses_no_write() {
    let runtime =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let bus = LocalBus::in_memory(LocalBusSettings::default()).unwrap();
    let (ending, staying) = (runtime(), runtime());
    {
        let _within = ending.enter();
        for account in 0..200 {
            let put = bus.put_state(AccountToken([account; 16]), vec![0; 20_000].into(), None, id(1));
            assert!(put.now_or_never().is_none(), "an answer means that it is stored");
        }
    }
    ending.shutdown_background();
    // Behind all of them in the writer's queue.
    staying.block_on(bus.depth()).unwrap();
    for account in 0..200 {
        assert!(staying.block_on(bus.state(AccountToken([account; 16]))).unwrap().is_some());
    }
}
