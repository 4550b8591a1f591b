//! What waits for its next attempt holds up nobody.

use std::time::{Duration, Instant};

use bus::Bus;
use testkit::{eventually, nats::Version};

use crate::{
    scene::{LONG, Node, Outcome, PATIENCE, Runs, group, job, settings},
    server::{installation, shared},
};

const WAITING: u64 = 1000;

/// Ten times what a slow machine needs: a new job takes some round trips to the server.
const AT_ONCE: Duration = Duration::from_secs(1);

pub async fn a_thousand_waiting_retries_do_not_delay_a_new_job(version: Version) {
    let server = shared(version).await;
    let node = Node::start(&installation(&server)).await;
    let runs = Runs::new(|sequence, _| if sequence < WAITING { Outcome::Fail } else { Outcome::Done });
    let _held = node.register(settings(10, LONG), &runs).await;
    for sequence in 0..WAITING {
        node.dispatch(job(sequence)).await;
    }
    let is_parked = async || (node.depth().await?.parked == WAITING).then_some(());
    eventually(PATIENCE, "all are parked", is_parked).await;
    let start = Instant::now();
    node.dispatch(job(WAITING)).await;
    runs.until(WAITING as usize + 1).await;
    let delay = start.elapsed();
    assert!(delay < AT_ONCE, "a new job was run after {delay:?}");
    assert_eq!(runs.all().last(), Some(&(WAITING, 1)));
}

pub async fn figures_say_what_waits(version: Version) {
    let server = shared(version).await;
    let node = Node::start(&installation(&server)).await;
    let runs = Runs::new(|sequence, _| match sequence {
        0 => Outcome::Fail,
        _ => Outcome::DoneAfter(LONG),
    });
    let held = node.register(settings(1, LONG), &runs).await;
    for sequence in 0..4 {
        node.dispatch(job(sequence)).await;
    }
    runs.until(2).await;
    bus::DeadLetters::store_dead_letter(&node.bus, &group(), job(9), "put down by hand", 4).await.unwrap();
    let figures = async || {
        let depth = node.depth().await?;
        let oldest = depth.oldest?;
        ((depth.pending, depth.parked, depth.dead_letters) == (3, 1, 1) && oldest < PATIENCE).then_some(())
    };
    eventually(PATIENCE, "one runs, two wait, one is parked, one is dead", figures).await;
    held.unregister();
    let is_kept = async || (node.depth().await?.pending == 3).then_some(());
    eventually(PATIENCE, "what ran is the server's again", is_kept).await;
    node.bus.health().await.unwrap();
}
