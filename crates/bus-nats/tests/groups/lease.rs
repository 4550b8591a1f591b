//! One node of many gives back what is parked.

use std::{collections::BTreeSet, time::Duration};

use testkit::{eventually, nats::Version};

use crate::{
    quiet::Overheard,
    scene::{Node, Outcome, PATIENCE, Runs, clock, job, settings},
    server::{installation, shared},
};

pub async fn only_one_node_reads_what_is_parked(version: Version) {
    let server = shared(version).await;
    let installation = installation(&server);
    let mut reads =
        Overheard::on(&server, format!("$JS.API.DIRECT.GET.{}_PARKED", installation.prefix)).await;
    let (one, other) = (Node::start(&installation).await, Node::start(&installation).await);
    let runs = Runs::new(|_, attempt| if attempt.number == 1 { Outcome::Fail } else { Outcome::Done });
    let wait = Duration::from_millis(1);
    let _held =
        (one.register(settings(2, wait), &runs).await, other.register(settings(2, wait), &runs).await);
    for sequence in 0..20 {
        one.dispatch(job(sequence)).await;
    }
    runs.until(40).await;
    one.until_done().await;
    let readers: BTreeSet<_> = reads.askers().await.into_iter().collect();
    assert_eq!(readers.len(), 1, "{readers:?}");
}

pub async fn who_leaves_lets_another_sweep_at_once(version: Version) {
    let server = shared(version).await;
    let installation = installation(&server);
    // A lease is over after a time, and none passes here.
    let clock = clock();
    let leases = format!("$JS.API.DIRECT.GET.KV_{}_leases.>", installation.prefix);
    let mut looks = Overheard::on(&server, leases).await;
    let runs = Runs::new(|_, attempt| if attempt.number == 1 { Outcome::Fail } else { Outcome::Done });
    let holder = Node::on(&installation, &clock).await;
    let held = holder.register(settings(2, Duration::ZERO), &runs).await;
    holder.dispatch(job(1)).await;
    runs.until(2).await;
    looks.askers().await;
    let other = Node::on(&installation, &clock).await;
    let _waits = other.register(settings(2, Duration::ZERO), &runs).await;
    let has_looked = async || (!looks.askers().await.is_empty()).then_some(());
    eventually(PATIENCE, "another sees whose it is", has_looked).await;
    held.unregister();
    other.dispatch(job(2)).await;
    runs.until(4).await;
    other.until_done().await;
}

pub async fn a_holder_whose_clock_is_ahead_is_followed_soon_after_its_death(version: Version) {
    const AHEAD: Duration = Duration::from_hours(1);
    const RETRY: Duration = Duration::from_secs(1);
    let server = shared(version).await;
    let installation = installation(&server);
    let (ahead, right) = (clock(), clock());
    ahead.advance(AHEAD);
    let runs = Runs::new(|_, attempt| if attempt.number == 1 { Outcome::Fail } else { Outcome::Done });
    let holder = Node::on(&installation, &ahead).await;
    let _held = holder.register(settings(2, RETRY), &runs).await;
    let is_holder = async || {
        ahead.advance(RETRY);
        (runs.all().len() >= 2).then_some(())
    };
    holder.dispatch(job(1)).await;
    eventually(PATIENCE, "it gives back what is parked", is_holder).await;
    holder.until_done().await;
    drop(holder);

    let other = Node::on(&installation, &right).await;
    let _waits = other.register(settings(2, RETRY), &runs).await;
    other.dispatch(job(2)).await;
    let mut seconds = 0;
    let is_followed = async || {
        seconds += 1;
        right.advance(RETRY);
        (runs.all().len() >= 4).then_some(())
    };
    eventually(PATIENCE, "another sweeps", is_followed).await;
    assert!(RETRY * seconds < AHEAD / 2, "after {seconds} s");
}
