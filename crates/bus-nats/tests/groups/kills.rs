//! Workers that are killed again and again.

use std::{env, time::Duration};

use testkit::{eventually, nats::Version};

use crate::{
    scene::{Node, Outcome, PATIENCE, Runs, job, settings},
    server::{installation, shared},
};

/// Jobs of a run in CI; `MAILPUSH_KILLED_JOBS` says another number.
const JOBS: u64 = 2000;

/// A worker is killed after so many runs and one at most. The first lives the longest, each after it for 17 runs less, and
/// below one it begins from the longest again. `MAILPUSH_KILL_EVERY` says another number, at least 1.
const LIFE: u64 = 100;

fn from_environment(name: &str, or: u64) -> u64 {
    env::var(name).map_or(or, |text| text.parse().unwrap())
}

pub async fn a_worker_that_is_killed_again_and_again_loses_no_job(version: Version) {
    let jobs = from_environment("MAILPUSH_KILLED_JOBS", JOBS);
    let life = from_environment("MAILPUSH_KILL_EVERY", LIFE).max(1);
    let server = shared(version).await;
    let installation = installation(&server);
    let sender = Node::start(&installation).await;
    // One in five fails the first time, so that workers die while they park and while they give back.
    let runs = Runs::new(|sequence, attempt| match attempt.number {
        1 if sequence % 5 == 0 => Outcome::Fail,
        _ => Outcome::DoneAfter(Duration::from_millis(2)),
    });
    let settings = settings(10, Duration::from_millis(20));
    sender.register(settings.clone(), &runs).await.unregister();
    for sequence in 0..jobs {
        sender.dispatch(job(sequence)).await;
    }
    let mut kills = 0;
    let is_over = || runs.counts().len() as u64 == jobs;
    while !is_over() {
        let worker = Node::start(&installation).await;
        // Not always as many, so that it is met at everything that it does.
        let (before, lives) = (runs.all().len() as u64, 1 + life.saturating_sub(17 * kills % life));
        let held = worker.register(settings.clone(), &runs).await;
        let has_lived = async || (is_over() || runs.all().len() as u64 >= before + lives).then_some(());
        eventually(PATIENCE, &format!("jobs are run after {kills} kills"), has_lived).await;
        drop(worker);
        kills += 1;
        drop(held);
    }
    let _held = sender.register(settings, &runs).await;
    sender.until_done().await;
    assert!(kills > 1, "nobody was killed");
    assert_eq!(sender.depth().await.unwrap().dead_letters, 0);
    for (sequence, count) in runs.counts() {
        let attempts = runs.all().into_iter().filter(|run| run.0 == sequence).map(|run| run.1);
        let last = attempts.max().unwrap();
        assert!(
            sequence % 5 != 0 || last >= 2,
            "job {sequence} failed and was not tried again ({count} runs)"
        );
    }
}
