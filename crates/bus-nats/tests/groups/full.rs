//! Streams without room: what would go there stays where it is, and goes on when there is room again.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bus::{Attempt, Bus, DeadLetters, Failure, Group, GroupListener, Message};
use bus_nats::{Consent, NatsSettings, provision};
use bus_node::Surroundings;
use testkit::{
    eventually,
    nats::{Nats, Version},
};

use crate::{
    said,
    scene::{LONG, Node, Outcome, PATIENCE, Runs, clock, job, settings},
    server::{installation, shared},
};

/// So little that nothing fits.
const NOTHING: u64 = 1;

/// Waits that are over soon.
const SOON: Duration = Duration::from_millis(10);

/// An operator gives the streams the room that `settings` say.
async fn make_room(settings: &NatsSettings) {
    provision(settings.clone(), Surroundings::default(), Consent::default()).await.unwrap();
}

/// A group of its own name, by which its words are known.
fn listened_to(name: &str, version: Version) -> Group {
    said::listen();
    Group(format!("{name} {version:?}"))
}

/// Fails until it is told that all is well.
fn failing_until_well() -> (Arc<AtomicBool>, Arc<Runs>) {
    let is_well = Arc::new(AtomicBool::new(false));
    let well = is_well.clone();
    let does = move |_, _| if well.load(Ordering::SeqCst) { Outcome::Done } else { Outcome::Fail };
    (is_well, Runs::new(does))
}

/// Looks at the server, one after the other: a group that does not pause has run a job many times meanwhile.
const LOOKS: usize = 50;

/// A listener that has all it needs, and says so when it is asked.
struct Content(Arc<Runs>);

#[async_trait]
impl GroupListener for Content {
    async fn run(&self, message: Message, attempt: Attempt) -> Result<(), Failure> {
        self.0.run(message, attempt).await
    }

    async fn recovered(&self) {}
}

pub async fn a_group_pauses_when_a_retry_cannot_be_parked_though_it_has_all_it_needs(version: Version) {
    let server = shared(version).await;
    let mut small = installation(&server);
    small.bounds.parked = NOTHING;
    let clock = clock();
    let node = Node::on(&small, &clock).await;
    let runs = Runs::new(|_, _| Outcome::Fail);
    let _held = node.register(settings(1, LONG), &Arc::new(Content(runs.clone()))).await;
    node.dispatch(job(1)).await;
    runs.until(1).await;
    for _ in 0..LOOKS {
        node.depth().await;
    }
    assert_eq!(runs.all(), [(1, 1)]);
    let runs_again = async || {
        clock.advance(LONG);
        (runs.all().len() > 1).then_some(())
    };
    eventually(PATIENCE, "it is tried again", runs_again).await;
}

pub async fn a_retry_that_cannot_be_parked_stays_a_job(version: Version) {
    let server = shared(version).await;
    let mut small = installation(&server);
    let enough = small.clone();
    small.bounds.parked = NOTHING;
    let node = Node::start(&small).await;
    let (is_well, runs) = failing_until_well();
    let group = listened_to("unparked", version);
    let _held = node.register_as(group.clone(), settings(2, SOON), &runs).await;
    node.dispatch(job(1)).await;
    runs.until(3).await;
    assert!(runs.all().iter().all(|run| *run == (1, 1)), "no attempt is burnt: {:?}", runs.all());
    let depth = node.depth_of(&group).await.unwrap();
    assert_eq!((depth.pending, depth.parked, depth.dead_letters), (1, 0, 0));

    make_room(&enough).await;
    let is_parked = async || runs.all().contains(&(1, 2)).then_some(());
    eventually(PATIENCE, "it waits for its second attempt, and makes it", is_parked).await;
    is_well.store(true, Ordering::SeqCst);
    node.until_done_of(&group).await;
    assert_eq!(node.bus.groups_with_dead_letters().await.unwrap(), []);
    assert_eq!(said::by(&group), ["Jobs cannot be parked and will run again", "Jobs are parked again"]);
}

pub async fn a_dead_letter_that_has_room_does_not_say_that_retries_have(version: Version) {
    let server = shared(version).await;
    let mut small = installation(&server);
    small.bounds.parked = NOTHING;
    let node = Node::start(&small).await;
    let is_hopeless = Arc::new(AtomicBool::new(false));
    let hopeless = is_hopeless.clone();
    let runs = Runs::new(move |_, _| match hopeless.load(Ordering::SeqCst) {
        true => Outcome::Reject,
        false => Outcome::Fail,
    });
    let group = listened_to("hopeless", version);
    let _held = node.register_as(group.clone(), settings(1, SOON), &runs).await;
    node.dispatch(job(1)).await;
    runs.until(2).await;
    is_hopeless.store(true, Ordering::SeqCst);
    node.until_done_of(&group).await;
    assert_eq!(node.bus.dead_letters(&group, 9).await.unwrap().len(), 1);
    assert_eq!(said::by(&group), ["Jobs cannot be parked and will run again"]);
}

pub async fn a_job_that_cannot_be_buried_is_kept_and_tried_again(version: Version) {
    let server = shared(version).await;
    let mut small = installation(&server);
    let enough = small.clone();
    small.bounds.dead = NOTHING;
    let node = Node::start(&small).await;
    let (_, runs) = failing_until_well();
    let group = listened_to("unburied", version);
    let _held = node.register_as(group.clone(), settings(2, SOON), &runs).await;
    node.dispatch(job(1)).await;
    let last = async || (runs.all().iter().filter(|run| **run == (1, 4)).count() >= 3).then_some(());
    eventually(PATIENCE, "its last attempt is made again and again", last).await;
    assert!(runs.all().iter().all(|(_, attempt)| *attempt <= 4), "none beyond the last: {:?}", runs.all());

    make_room(&enough).await;
    let is_dead = async || (node.bus.dead_letters(&group, 9).await.ok()?.len() == 1).then_some(());
    eventually(PATIENCE, "it is dead", is_dead).await;
    node.until_done_of(&group).await;
    let once =
        ["Dead letters are full, jobs without hope are kept waiting", "There is room for dead letters again"];
    assert_eq!(said::by(&group), once);
}

pub async fn a_job_for_which_there_is_no_room_at_all_is_lost_by_nobody(version: Version) {
    let server = shared(version).await;
    let mut small = installation(&server);
    let enough = small.clone();
    (small.bounds.dead, small.bounds.parked) = (NOTHING, NOTHING);
    let node = Node::start(&small).await;
    let (is_well, runs) = failing_until_well();
    let _held = node.register(settings(2, SOON), &runs).await;
    for sequence in [1, 2] {
        node.dispatch(job(sequence)).await;
    }
    let all_ran = async || (runs.counts().len() == 2).then_some(());
    eventually(PATIENCE, "each was tried", all_ran).await;
    assert_eq!(node.depth().await.unwrap().pending, 2);
    // Its node dies with them in hand, and another has room.
    drop(node);
    is_well.store(true, Ordering::SeqCst);
    make_room(&enough).await;
    let other = Node::start(&enough).await;
    let before = runs.all().len();
    let _held = other.register(settings(2, SOON), &runs).await;
    other.until_done().await;
    assert!(runs.all().len() >= before + 2, "each was done");
}

pub async fn a_group_waits_until_there_is_room_for_its_consumers(version: Version) {
    let server = shared(version).await;
    let installation = installation(&server);
    let client = async_nats::connect(server.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let name = format!("{}_JOBS", installation.prefix);
    // Made with what we ask for, but for one thing, which cannot be changed later.
    let node = Node::start(&installation).await;
    let mut config = jetstream.get_stream(&name).await.unwrap().cached_info().config.clone();
    jetstream.delete_stream(&name).await.unwrap();
    config.max_consumers = 1;
    jetstream.create_stream(config.clone()).await.unwrap();
    let runs = Runs::new(|_, _| Outcome::Done);
    let registering = node.register(settings(1, LONG), &runs);
    let mending = async {
        let expected = format!(
            "stream {name} takes no more consumers: raise max_consumers of the account in NATS, or of the stream"
        );
        let is_told = async || {
            let error = node.bus.health().await.err()?;
            (std::error::Error::source(&error)?.to_string() == expected).then_some(())
        };
        eventually(PATIENCE, "what is lacking is told", is_told).await;
        jetstream.delete_stream(&name).await.unwrap();
        config.max_consumers = -1;
        jetstream.create_stream(config.clone()).await.unwrap();
    };
    let (_held, ()) = tokio::join!(registering, mending);
    node.bus.health().await.unwrap();
    node.dispatch_until_taken(job(1)).await;
    runs.until(1).await;
}

/// Of NATS' streams for jobs that failed; without a group nobody needs them.
pub async fn where_failed_jobs_go_is_missed_when_it_is_gone(version: Version) {
    let server = Nats::start(version).await;
    let settings_of = installation(&server);
    let (node, idle) = (Node::start(&settings_of).await, Node::start(&settings_of).await);
    let _held = node.register(settings(1, LONG), &Runs::new(|_, _| Outcome::Done)).await;
    let jetstream = async_nats::jetstream::new(async_nats::connect(server.url()).await.unwrap());
    for stream in ["PARKED", "DEAD"] {
        let name = format!("{}_{stream}", settings_of.prefix);
        jetstream.delete_stream(&name).await.unwrap();
        let is_told = async || {
            let told = node.bus.health().await.err()?.source()?.to_string();
            (told == format!("stream {name} was deleted: run mailpush provision")).then_some(())
        };
        eventually(PATIENCE, "what is gone is named", is_told).await;
        idle.bus.health().await.unwrap();
        make_room(&settings_of).await;
        eventually(PATIENCE, "it is there again", async || node.bus.health().await.ok()).await;
    }
}
