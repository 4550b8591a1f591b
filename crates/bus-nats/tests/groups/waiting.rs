//! What waits for its next attempt holds up nobody.

use std::time::{Duration, Instant};

use bus::{Bus, Group};
use bus_nats::GroupDepth;
use testkit::{eventually, nats::Version};

use crate::{
    quiet::Overheard,
    scene::{LONG, Node, Outcome, PATIENCE, Runs, group, job, settings},
    server::{installation, shared},
};

const WAITING: u64 = 1000;

/// Ten times what a slow machine needs: a new job takes some round trips to the server.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Between two jobs whose ages are compared.
const APART: Duration = Duration::from_millis(300);

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

pub async fn figures_of_a_group_are_its_own(version: Version) {
    let server = shared(version).await;
    let node = Node::start(&installation(&server)).await;
    let slow = Group("slow".to_owned());
    let stuck = Runs::new(|_, _| Outcome::DoneAfter(LONG));
    let _slow = node.register_as(slow.clone(), settings(1, LONG), &stuck).await;
    let runs = Runs::new(|sequence, _| if sequence == 1 { Outcome::Done } else { Outcome::DoneAfter(LONG) });
    let _held = node.register(settings(1, LONG), &runs).await;
    let until = async |ours, theirs, age| {
        let are_so = async || {
            // Both at one look, so that their ages can be compared.
            let [ours_now, theirs_now] = node.bus.depth().await.ok()?.try_into().ok()?;
            let (ours_now, theirs_now): (GroupDepth, GroupDepth) = (ours_now, theirs_now);
            let is_so = (ours_now.pending, theirs_now.pending) == (ours, theirs);
            (is_so && theirs_now.oldest? > age).then_some((ours_now, theirs_now))
        };
        eventually(PATIENCE, &format!("{ours} and {theirs} wait"), are_so).await
    };
    node.dispatch(job(1)).await;
    let (ours, _) = until(0, 1, APART).await;
    assert_eq!(ours.oldest, None);
    node.dispatch(job(2)).await;
    let (ours, theirs) = until(1, 2, APART).await;
    assert!(ours.oldest.unwrap() + APART / 2 < theirs.oldest.unwrap(), "{ours:?}, {theirs:?}");
}

pub async fn figures_of_a_group_without_work_cost_no_look_at_the_jobs(version: Version) {
    let server = shared(version).await;
    let installation = installation(&server);
    let node = Node::start(&installation).await;
    let runs = Runs::new(|_, _| Outcome::DoneAfter(LONG));
    let _held = node.register(settings(1, LONG), &runs).await;
    let mut looks = Overheard::on(&server, format!("$JS.API.DIRECT.GET.{}_JOBS", installation.prefix)).await;
    assert_eq!(node.depth().await.unwrap().oldest, None);
    assert!(looks.askers().await.is_empty());
    node.dispatch(job(1)).await;
    runs.until(1).await;
    assert!(node.depth().await.unwrap().oldest.is_some());
    assert_eq!(looks.askers().await.len(), 1, "one consumer has work");
}
