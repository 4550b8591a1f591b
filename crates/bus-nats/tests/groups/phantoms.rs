//! Jobs that a consumer waits for and that the stream has no more, as a server leaves them that is killed between an
//! acknowledgement and its notes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bus::{Group, GroupSettings, JobKind, Topic, Urgency};
use testkit::{
    eventually,
    nats::{Nats, Version},
};

use crate::{
    deaths::hasty,
    scene::{LONG, Node, Outcome, PATIENCE, Runs, clock, job, settings},
};

const JOBS: u64 = 300;

const DEATHS: usize = 2;

/// The oldest job of the stream is one that stays: else an old server would tidy up by itself.
async fn leave_a_job_of_others(node: &Node, runs: &Arc<Runs>) {
    let sieve = GroupSettings { kinds: vec![JobKind::Sieve], ..settings(1, LONG) };
    node.register_as(Group("idle".to_owned()), sieve, runs).await.unregister();
    let mut stays = job(JOBS);
    stays.topic = Topic::Job(Urgency::Normal, JobKind::Sieve, stays.topic.account());
    node.dispatch(stays).await;
}

/// What a server has written down about its consumers, by file.
fn notes(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut notes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => notes.extend(self::notes(&entry.path())),
            false if entry.file_name() == "o.dat" => {
                notes.push((entry.path(), std::fs::read(entry.path()).unwrap()));
            }
            false => {}
        }
    }
    notes
}

pub async fn a_job_that_a_server_forgot_was_settled_is_waited_for_no_longer(version: Version) {
    let mut server = Nats::start(version).await;
    let installation = hasty(&server);
    let clock = clock();
    let first = Node::on(&installation, &clock).await;
    let runs = Runs::new(|_, _| Outcome::DoneAfter(LONG));
    leave_a_job_of_others(&first, &runs).await;
    let _cut_off = first.register(settings(3, LONG), &runs).await;
    for sequence in 0..3 {
        first.dispatch(job(sequence)).await;
    }
    runs.until(3).await;
    drop(first);
    server.stop().await;
    let before = notes(&server.store());
    server.restart().await;

    let second = Node::on(&installation, &clock).await;
    let done = Runs::new(|_, _| Outcome::Done);
    let _over = second.register(settings(3, LONG), &done).await;
    second.until_done().await;
    assert_eq!(done.counts().len(), 3);
    drop(second);
    server.stop().await;
    for (file, content) in before {
        std::fs::write(file, content).unwrap();
    }
    server.restart().await;

    let third = Node::on(&installation, &clock).await;
    let _held = third.register(settings(3, LONG), &done).await;
    let is_done = async || {
        clock.advance(Duration::from_secs(5));
        (third.depth().await?.pending == 0).then_some(())
    };
    eventually(PATIENCE, "nothing is waited for", is_done).await;
    assert_eq!(done.all().len(), 3, "none is run again");
}

/// Waits until so many runs have begun. NATS 2.9 that is killed throws jobs away now and then, whatever its client does
/// (docs/nats.md): there it is enough that nothing is left to run.
async fn until(node: &Node, runs: &Runs, count: usize, version: Version) {
    let have_begun = async || {
        let is_lossy = version == Version::Debian;
        let is_enough = runs.all().len() >= count || is_lossy && node.depth().await?.pending == 0;
        is_enough.then_some(())
    };
    eventually(PATIENCE, &format!("{count} runs"), have_begun).await;
}

pub async fn jobs_that_are_gone_are_waited_for_no_longer(version: Version) {
    let mut server = Nats::start(version).await;
    let node = Node::start(&hasty(&server)).await;
    let runs = Runs::new(|sequence, attempt| match attempt.number {
        1 if sequence % 5 == 0 => Outcome::Fail,
        _ => Outcome::DoneAfter(Duration::from_millis(20)),
    });
    leave_a_job_of_others(&node, &runs).await;
    let _held = node.register(settings(4, Duration::from_millis(50)), &runs).await;
    for sequence in 0..JOBS {
        node.dispatch(job(sequence)).await;
    }
    // Killed at full speed, with jobs that come and go: of the last tenth of a second, the server has written down which
    // jobs are gone, and not which were acknowledged.
    for part in 1..=DEATHS {
        until(&node, &runs, part * JOBS as usize / (DEATHS + 1), version).await;
        server.kill();
        server.restart().await;
    }
    node.until_done().await;
    if version != Version::Debian {
        assert_eq!(runs.counts().len() as u64, JOBS, "every job is run");
    }
    node.dispatch_until_taken(job(JOBS + 1)).await;
    let is_run = async || runs.counts().contains_key(&(JOBS + 1)).then_some(());
    eventually(PATIENCE, "the group works on", is_run).await;
    node.until_done().await;
}
