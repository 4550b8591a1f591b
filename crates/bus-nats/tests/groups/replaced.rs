//! A server that is replaced by an empty one.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bus::Bus;
use bus_nats::NatsBus;
use testkit::{
    eventually,
    nats::{Nats, Version},
};
use tokio::time::sleep;

use crate::{
    deaths::hasty,
    scene::{Node, Outcome, PATIENCE, Runs, job, settings},
};

/// Jobs before and after.
const JOBS: u64 = 200;

/// Dispatches one job after the other, each until it is taken, and tells which were taken by the server in whose time
/// their dispatch began, `has_died` being true.
async fn dispatch_on_and_on(bus: NatsBus, has_died: Arc<AtomicBool>) -> BTreeSet<u64> {
    let mut taken_since = BTreeSet::new();
    let mut sequence = 0;
    while (taken_since.len() as u64) < JOBS {
        let is_since = has_died.load(Ordering::SeqCst);
        if bus.dispatch(job(sequence), &[]).await.is_ok() {
            if is_since {
                taken_since.insert(sequence);
            }
            sequence += 1;
        }
        sleep(Duration::from_millis(1)).await;
    }
    taken_since
}

pub async fn what_an_empty_server_takes_is_run_by_groups_that_come_back_later(version: Version) {
    let mut server = Nats::start(version).await;
    let installation = hasty(&server);
    let worker = Node::returning_after(&installation, Duration::from_secs(1)).await;
    let runs = Runs::new(|sequence, attempt| match attempt.number {
        1 if sequence % 5 == 0 => Outcome::Fail,
        _ => Outcome::Done,
    });
    let _held = worker.register(settings(4, Duration::from_millis(50)), &runs).await;
    // It makes the streams again a second before the group is back.
    let sender = Node::returning_after(&installation, Duration::from_millis(1)).await;
    let has_died = Arc::new(AtomicBool::new(false));
    let dispatched = tokio::spawn(dispatch_on_and_on(sender.bus.clone(), has_died.clone()));
    runs.until(JOBS as usize / 2).await;

    server.kill();
    has_died.store(true, Ordering::SeqCst);
    server.restart_empty().await;
    let taken = dispatched.await.unwrap();
    let are_run = async || taken.iter().all(|job| runs.counts().contains_key(job)).then_some(());
    eventually(PATIENCE, "every job that was taken is run", are_run).await;
    worker.until_done().await;
}
