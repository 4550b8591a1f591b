//! A server that is replaced by an empty one.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bus::{Bus, BusError, Group};
use bus_nats::{NatsBus, NatsSettings};
use testkit::{
    eventually,
    nats::{Nats, Version},
};
use tokio::time::sleep;

use crate::{
    deaths::hasty,
    scene::{LONG, Node, Outcome, PATIENCE, Runs, job, settings},
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

/// How long the node stays away: another installation has taken the place of its NATS by then.
const AWAY: Duration = Duration::from_secs(3);

/// Looks at the server, one after the other: whoever asks for jobs has them long before.
const LOOKS: usize = 50;

pub async fn jobs_of_another_installation_are_left_alone(version: Version) {
    let mut server = Nats::start(version).await;
    let of = |key: &str| NatsSettings { fingerprint: Some(key.to_owned()), ..hasty(&server) };
    let (ours, mut theirs) = (of("ours"), of("theirs"));
    theirs.prefix.clone_from(&ours.prefix);
    let (runs, their_runs) = (Runs::new(|_, _| Outcome::Done), Runs::new(|_, _| Outcome::Done));
    let node = Node::returning_after(&ours, AWAY).await;
    let _held = node.register(settings(2, LONG), &runs).await;
    let only_ours = Group("only ours".to_owned());
    let _held_too = node.register_as(only_ours.clone(), settings(2, LONG), &runs).await;
    node.dispatch(job(1)).await;
    runs.until(2).await;

    server.restart_empty().await;
    let other = Node::start(&theirs).await;
    // Its consumers stay, and nobody takes what comes.
    other.register(settings(2, LONG), &their_runs).await.unregister();
    other.dispatch(job(2)).await;
    let is_refused = async || matches!(node.bus.health().await, Err(BusError::Unusable(_))).then_some(());
    eventually(PATIENCE, "the node sees whose NATS it is", is_refused).await;
    for _ in 0..LOOKS {
        other.depth().await;
    }
    assert_eq!(runs.all(), [(1, 1), (1, 1)]);
    assert_eq!(other.depth_of(&only_ours).await, None, "nothing is made for our groups there");
    let _held = other.register(settings(2, LONG), &their_runs).await;
    their_runs.until(1).await;
}

pub async fn a_stream_of_jobs_that_is_made_again_takes_none_before_its_groups_are_back(version: Version) {
    let server = Nats::start(version).await;
    let installation = hasty(&server);
    let (worker, sender) = (Node::start(&installation).await, Node::start(&installation).await);
    let runs = Runs::new(|_, _| Outcome::Done);
    let held = worker.register(settings(1, LONG), &runs).await;
    // A look, which sees the consumers.
    sender.bus.health().await.unwrap();
    sender.dispatch_until_taken(job(1)).await;
    runs.until(1).await;
    held.unregister();
    let client = async_nats::connect(server.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let name = format!("{}_JOBS", installation.prefix);
    let config = jetstream.get_stream(&name).await.unwrap().cached_info().config.clone();
    for (sequence, is_met) in [(2, false), (3, true)] {
        jetstream.delete_stream(&name).await.unwrap();
        if is_met {
            sender.bus.dispatch(job(sequence), &[]).await.unwrap_err();
        }
        jetstream.create_stream(config.clone()).await.unwrap();
        sender.bus.dispatch(job(sequence), &[]).await.unwrap_err();
        let _held = worker.register(settings(1, LONG), &runs).await;
        sender.dispatch_until_taken(job(sequence)).await;
        runs.until(usize::try_from(sequence).unwrap()).await;
    }
    assert_eq!(runs.all(), [(1, 1), (2, 1), (3, 1)]);
}
