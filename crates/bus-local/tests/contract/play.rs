//! Plays every case, and notes how each ends.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use bus::contract::{Case, Results, Scene, all};

use super::fixture::local;

/// Cases at the same time: they wait more than they work.
const AT_ONCE: usize = 8;

/// The results of a run of every case.
pub fn results() -> Results {
    let (cases, next) = (all(), AtomicUsize::new(0));
    let passed = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(&case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // On a thread of its own: a case that fails panics.
                    let has_passed = thread::spawn(move || play(case)).join().is_ok();
                    passed.lock().unwrap().insert((case.contract, case.name), has_passed);
                }
            });
        }
    });
    Results { implementation: "bus-local", passed: passed.into_inner().unwrap() }
}

fn play(case: Case) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { (case.play)(Scene::new(local().await)).await });
}
