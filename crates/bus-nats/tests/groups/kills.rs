//! Workers that are killed again and again.

use std::{env, time::Duration};

use testkit::nats::Version;
use tokio::time::{Instant, sleep};

use crate::{
    scene::{Node, Outcome, PATIENCE, Runs, job, settings},
    server::{installation, shared},
};

/// Jobs of a run in CI; `MAILPUSH_KILLED_JOBS` says another number.
const JOBS: u64 = 2000;

/// How long a worker lives, in ms; `MAILPUSH_KILL_EVERY_MS` says another.
const LIFE_MS: u64 = 200;

fn from_environment(name: &str, or: u64) -> u64 {
    env::var(name).map_or(or, |text| text.parse().unwrap())
}

pub async fn a_worker_that_is_killed_again_and_again_loses_no_job(version: Version) {
    let jobs = from_environment("MAILPUSH_KILLED_JOBS", JOBS);
    let life = Duration::from_millis(from_environment("MAILPUSH_KILL_EVERY_MS", LIFE_MS));
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
    let (start, mut kills) = (Instant::now(), 0);
    let patience = PATIENCE + 4 * life * u32::try_from(jobs / 100).unwrap();
    while (runs.counts().len() as u64) < jobs {
        assert!(start.elapsed() < patience, "{} of {jobs} after {kills} kills", runs.counts().len());
        let worker = Node::start(&installation).await;
        let held = worker.register(settings.clone(), &runs).await;
        sleep(life).await;
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
