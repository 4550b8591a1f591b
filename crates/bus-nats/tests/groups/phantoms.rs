//! Jobs that a consumer waits for and that the stream has no more, as a server leaves them that is killed between an
//! acknowledgement and its notes.

use std::time::Duration;

use bus::{Bus, Group, GroupSettings, JobKind, Topic, Urgency};
use testkit::{
    eventually,
    nats::{Nats, Version},
};

use crate::{
    deaths::hasty,
    scene::{LONG, Node, Outcome, PATIENCE, Runs, job, settings},
    torn::dies_and_comes_back,
};

const JOBS: u64 = 300;

const DEATHS: usize = 2;

pub async fn jobs_that_are_gone_are_waited_for_no_longer(version: Version) {
    let mut server = Nats::start(version).await;
    let node = Node::start(&hasty(&server)).await;
    let runs = Runs::new(|sequence, attempt| match attempt.number {
        1 if sequence % 5 == 0 => Outcome::Fail,
        _ => Outcome::DoneAfter(Duration::from_millis(20)),
    });
    // The oldest job of the stream is one that stays: else an old server would tidy up by itself.
    let sieve = GroupSettings { kinds: vec![JobKind::Sieve], ..settings(1, LONG) };
    let idle = node.bus.register_group(Group("idle".to_owned()), sieve, runs.clone()).await.unwrap();
    idle.unregister();
    let mut stays = job(JOBS);
    stays.topic = Topic::Job(Urgency::Normal, JobKind::Sieve, stays.topic.account());
    node.dispatch(stays).await;
    let _held = node.register(settings(4, Duration::from_millis(50)), &runs).await;
    for sequence in 0..JOBS {
        node.dispatch(job(sequence)).await;
    }
    // Killed at full speed, with jobs that come and go: of the last tenth of a second, the server has written down which
    // jobs are gone, and not which were acknowledged.
    for part in 1..=DEATHS {
        runs.until(part * JOBS as usize / (DEATHS + 1)).await;
        if !dies_and_comes_back(&mut server).await {
            return;
        }
    }
    let are_run = async || (runs.counts().len() as u64 == JOBS).then_some(());
    eventually(PATIENCE, "every job is run", are_run).await;
    node.until_done().await;
}
