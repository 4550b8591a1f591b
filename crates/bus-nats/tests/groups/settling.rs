//! How jobs end that do not end well.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_nats::jetstream;
use async_trait::async_trait;
use bus::{
    Attempt, Backoff, BusError, DeadLetterId, DeadLetters, Failure, GroupListener, GroupSettings, Message,
};
use bus_nats::NatsSettings;
use bytes::Bytes;
use testkit::{
    eventually,
    nats::{Nats, Version},
};
use tokio::sync::Semaphore;

use crate::{
    scene::{LONG, Node, Outcome, PATIENCE, Runs, clock, group, job, settings},
    server::{installation, shared},
};

/// What is not given back is nobody's for longer than any test.
fn patient(server: &Nats) -> NatsSettings {
    NatsSettings { ack_wait: LONG, ..installation(server) }
}

pub async fn a_run_that_outlasts_the_patience_of_the_server_is_run_once(version: Version) {
    let server = shared(version).await;
    let installation = installation(&server);
    let node = Node::start(&installation).await;
    let wait = installation.ack_wait * 5 / 2;
    let runs = Runs::new(move |_, _| Outcome::DoneAfter(wait));
    let _held = node.register(settings(2, Duration::ZERO), &runs).await;
    node.dispatch(job(1)).await;
    node.until_done().await;
    assert_eq!(runs.all(), [(1, 1)]);
}

pub async fn after_an_outage_a_job_is_there_at_once(version: Version) {
    let server = shared(version).await;
    let node = Node::start(&patient(&server)).await;
    let runs = Runs::new(|_, _| Outcome::Outage);
    let _held = node.register(settings(1, Duration::ZERO), &runs).await;
    node.dispatch(job(1)).await;
    runs.until(3).await;
    assert!(runs.all().iter().all(|&run| run == (1, 1)), "an outage is no attempt");
}

/// A listener whose runs are noted when they begin, and end one for each permit.
pub struct Gated {
    pub runs: Arc<Runs>,
    pub gate: Arc<Semaphore>,
}

#[async_trait]
impl GroupListener for Gated {
    async fn run(&self, message: Message, attempt: Attempt) -> Result<(), Failure> {
        let ended = self.runs.run(message, attempt).await;
        self.gate.acquire().await.unwrap().forget();
        ended
    }
}

/// Looks at the server, one after the other: a group that takes more than one job has taken it meanwhile.
const LOOKS: usize = 50;

pub async fn after_an_outage_one_job_goes_ahead_and_the_others_follow_it(version: Version) {
    const PLACES: usize = 4;
    // So short that no run is over its time when many have passed.
    const PAUSE: Duration = Duration::from_secs(1);
    let server = shared(version).await;
    let clock = clock();
    let node = Node::on(&patient(&server), &clock).await;
    let begun = AtomicUsize::new(0);
    let is_away = move || begun.fetch_add(1, Ordering::SeqCst) < PLACES;
    let runs = Runs::new(move |_, _| if is_away() { Outcome::Outage } else { Outcome::Done });
    let gated = Arc::new(Gated { runs: runs.clone(), gate: Arc::new(Semaphore::new(0)) });
    let _held = node.register(settings(PLACES, PAUSE), &gated).await;
    for sequence in 1..=PLACES as u64 {
        node.dispatch(job(sequence)).await;
    }
    runs.until(PLACES).await;

    gated.gate.add_permits(PLACES);
    let goes_ahead = async || {
        // The clock goes on also before the group has noted the outage, which pauses from there.
        clock.advance(PAUSE);
        (runs.all().len() > PLACES).then_some(())
    };
    eventually(PATIENCE, "a job goes ahead", goes_ahead).await;
    for _ in 0..LOOKS {
        node.depth().await;
    }
    assert_eq!(runs.all().len(), PLACES + 1);

    gated.gate.add_permits(1);
    runs.until(2 * PLACES).await;
    assert!(runs.all().iter().all(|&(_, attempt)| attempt == 1), "an outage is no attempt");
}

pub async fn a_run_that_is_cut_off_is_another_nodes_at_once(version: Version) {
    let server = shared(version).await;
    let installation = patient(&server);
    let (one, other) = (Node::start(&installation).await, Node::start(&installation).await);
    let runs = Runs::new(|_, _| Outcome::DoneAfter(LONG));
    let held = one.register(settings(1, Duration::ZERO), &runs).await;
    one.dispatch(job(1)).await;
    runs.until(1).await;
    let _held = other.register(settings(1, Duration::ZERO), &runs).await;
    held.unregister();
    runs.until(2).await;
    assert_eq!(runs.all(), [(1, 1), (1, 1)]);
}

/// Puts down dead letters until there is no room, and names them.
async fn fill(node: &Node) -> Vec<DeadLetterId> {
    let mut large = job(100);
    large.payload = Bytes::from(vec![7; 30 << 10]);
    let mut letters = Vec::new();
    for octets in [30 << 10, 1] {
        large.payload.truncate(octets);
        loop {
            match node.bus.store_dead_letter(&group(), large.clone(), "put down by hand", 1).await {
                Ok(letter) => letters.push(letter),
                Err(BusError::Full) => break,
                Err(error) => panic!("{error}"),
            }
        }
    }
    letters
}

pub async fn when_the_dead_letters_are_full_a_job_without_hope_is_kept(version: Version) {
    let server = shared(version).await;
    let mut installation = installation(&server);
    installation.bounds.dead = 64 << 10;
    let clock = clock();
    let node = Node::on(&installation, &clock).await;
    let letters = fill(&node).await;
    let runs = Runs::new(|_, _| Outcome::Reject);
    let _held = node.register(settings(1, LONG), &runs).await;
    node.dispatch(job(1)).await;
    let is_parked = async || (node.depth().await?.parked == 1).then_some(());
    eventually(PATIENCE, "it is parked", is_parked).await;
    for letter in letters {
        node.bus.remove_dead_letter(&group(), letter).await.unwrap();
    }
    clock.advance(LONG);
    let dead = async || {
        // The lease is taken once a second.
        clock.advance(Duration::from_secs(1));
        node.bus.dead_letters(&group(), 9).await.ok()?.pop()
    };
    let letter = eventually(PATIENCE, "it is dead", dead).await;
    assert_eq!((letter.message, letter.attempts), (job(1), 1));
    assert_eq!(runs.all(), [(1, 1), (1, 1)], "the attempt that could not be noted did not count");
}

pub async fn a_job_that_cannot_be_buried_runs_again(version: Version) {
    let server = shared(version).await;
    let installation = installation(&server);
    let node = Node::start(&installation).await;
    let context = jetstream::new(async_nats::connect(server.url()).await.unwrap());
    context.delete_stream(format!("{}_DEAD", installation.prefix)).await.unwrap();
    let runs = Runs::new(|_, _| Outcome::Reject);
    let backoff = Backoff { retries: 0, first: Duration::from_millis(10), factor: 1, longest: LONG };
    let _held = node.register(GroupSettings { backoff, ..settings(1, LONG) }, &runs).await;
    node.dispatch(job(1)).await;
    runs.until(3).await;
    assert!(runs.all().iter().all(|&run| run == (1, 1)));
}
