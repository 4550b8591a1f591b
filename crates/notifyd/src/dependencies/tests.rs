//! When pauses end.

use std::sync::Barrier;

use prometheus_client::registry::Registry;
use tokio::time::timeout;

use super::*;
use crate::{
    consequence::{Fault, Phase},
    in_flight::Stopping,
    smtp::Undelivered,
};

fn dependencies() -> Dependencies {
    Dependencies::new("db".into(), "smtp".into(), Metrics::register(&mut Registry::default()))
}

fn silence() -> Result<(), Failure> {
    let (phase, fault) = (Phase::Connection, Fault::Silence);
    Err(Failure::Outage(Undelivered { phase, fault, cause: None }.into()))
}

fn is_away(dependencies: &Dependencies) -> bool {
    dependencies.watched(Dependency::Smtp).health().is_away()
}

/// Whether a pause would end by now.
async fn ends(dependencies: &Dependencies, tried: &Tried) -> bool {
    timeout(Duration::from_secs(3600), dependencies.recovered(tried)).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn each_recovery_ends_one_pause_of_each_group() {
    let (dependencies, one, other) = (dependencies(), Tried::default(), Tried::default());
    for _ in 0..3 {
        let began = dependencies.begin();
        dependencies.ended(began, &silence(), &one);
        dependencies.ended(began, &silence(), &other);
        assert!(is_away(&dependencies) && !ends(&dependencies, &one).await);
        dependencies.answered(Dependency::Smtp, 1);
        assert!(ends(&dependencies, &one).await && ends(&dependencies, &other).await);
        assert!(!ends(&dependencies, &one).await, "the next pause has another reason");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_from_before_the_recovery_says_nothing_and_is_tried_again_at_once() {
    let (dependencies, tried) = (dependencies(), Tried::default());
    let slow = dependencies.begin();
    dependencies.ended(slow, &silence(), &tried);
    dependencies.answered(Dependency::Smtp, 1);
    assert!(ends(&dependencies, &tried).await);
    dependencies.worked(Dependency::Smtp);
    dependencies.ended(slow, &silence(), &tried);
    assert!(!is_away(&dependencies) && ends(&dependencies, &tried).await);
}

#[test]
fn a_run_that_fails_while_another_finds_it_back_is_no_second_outage() {
    for _ in 0..2_000 {
        let (dependencies, start, result) = (dependencies(), Barrier::new(2), silence());
        let began = dependencies.begin();
        dependencies.ended(began, &result, &Tried::default());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                dependencies.worked(Dependency::Smtp);
            });
            start.wait();
            dependencies.ended(began, &result, &Tried::default());
        });
        assert!(!is_away(&dependencies), "it began before");
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_is_no_outage_and_is_not_told_to_go_on() {
    let (dependencies, tried) = (dependencies(), Tried::default());
    dependencies.ended(dependencies.begin(), &silence(), &tried);
    dependencies.worked(Dependency::Smtp);
    dependencies.ended(dependencies.begin(), &Err(Failure::Outage(Stopping.into())), &tried);
    assert!(!is_away(&dependencies) && !ends(&dependencies, &tried).await);
}
