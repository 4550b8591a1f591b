//! Plays every case, and notes how each ends.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::{Case, Fixture, Scene, all};

/// Cases at the same time: they wait more than they work.
const AT_ONCE: usize = 8;

/// Plays every case, each with a fixture of its own on a runtime of its own. Whether each passed, by the name of its
/// contract and its own.
pub fn play_all<M, F>(fixture: M) -> BTreeMap<(&'static str, &'static str), bool>
where
    M: Fn() -> F + Copy + Send + Sync + 'static,
    F: Future<Output: Fixture>,
{
    let (cases, next) = (all(), AtomicUsize::new(0));
    let passed = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(&case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // On a thread of its own: a case that fails panics.
                    let has_passed = thread::spawn(move || play(case, fixture)).join().is_ok();
                    let mut passed = passed.lock().unwrap_or_else(PoisonError::into_inner);
                    passed.insert((case.contract, case.name), has_passed);
                }
            });
        }
    });
    passed.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn play<F: Future<Output: Fixture>>(case: Case, fixture: impl Fn() -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a case needs a runtime");
    runtime.block_on(async { (case.play)(Scene::new(fixture().await)).await });
}
