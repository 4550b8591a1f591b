//! Which job is next.

use std::time::Duration;

use bus::{GroupSettings, JobKind, Urgency};
use testkit::nats::Version;

use crate::{
    scene::{LONG, Node, Outcome, Runs, job, job_of, settings},
    server::{installation, shared},
};

pub async fn a_high_job_goes_before_a_backlog_of_low_ones(version: Version) {
    let server = shared(version).await;
    let node = Node::start(&installation(&server)).await;
    let runs = Runs::new(|_, _| Outcome::DoneAfter(Duration::from_millis(50)));
    let _held = node.register(settings(1, LONG), &runs).await;
    for sequence in 0..40 {
        node.dispatch(job_of(Urgency::Low, sequence)).await;
    }
    runs.until(3).await;
    node.dispatch(job_of(Urgency::High, 100)).await;
    node.dispatch(job_of(Urgency::Normal, 101)).await;
    let before = runs.all().len();
    runs.until(40 + 2).await;
    let order: Vec<_> = runs.all().into_iter().map(|(sequence, _)| sequence).collect();
    let place = |sequence| order.iter().position(|&one| one == sequence).unwrap();
    // One may have been taken while it was dispatched.
    assert!(place(100) <= before + 1 && place(101) <= before + 2, "{order:?} after {before}");
    assert_eq!(
        order.iter().filter(|&&one| one < 40).copied().collect::<Vec<_>>(),
        (0..40).collect::<Vec<_>>()
    );
}

pub async fn jobs_of_a_kind_that_is_left_are_run(version: Version) {
    let server = shared(version).await;
    let node = Node::start(&installation(&server)).await;
    let runs = Runs::new(|_, _| Outcome::Done);
    node.register(settings(1, LONG), &runs).await.unregister();
    for sequence in 0..200 {
        node.dispatch(job(sequence)).await;
    }
    let sieve = GroupSettings { kinds: vec![JobKind::Sieve], ..settings(4, LONG) };
    let _held = node.register(sieve, &runs).await;
    node.dispatch(job(1000)).await;
    runs.until(200).await;
    node.until_done().await;
    assert_eq!(runs.counts().keys().copied().collect::<Vec<_>>(), (0..200).collect::<Vec<_>>());
}
