//! Notifications that nobody took: the change is told all the same, without another one.

use std::{collections::BTreeMap, time::Duration};

use testkit::message;
use tests::{Beside, Plan};

/// The window, and what a busy machine adds.
const PATIENCE: Duration = Duration::from_secs(20);

async fn mail_of_alice(beside: &Beside) -> BTreeMap<String, String> {
    let state = beside.cyrus.jmap("alice").state_of("Email").await;
    BTreeMap::from([("Email".to_owned(), state)])
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_comes_while_mailpush_is_dead_is_told_to_a_client_that_comes_back() {
    let mut beside = Beside::start(Plan { reconcile_window: "1s", ..Plan::default() }).await;
    beside.cyrus.deliver("alice", &message("before")).await;
    let account = beside.cyrus.jmap("alice").account_id().await;
    let stream = beside.follow("alice").await;
    let before = mail_of_alice(&beside).await;
    stream.reaches(&account, &before, PATIENCE).await;
    let cursor = stream.cursor().expect("an event has an id");
    drop(stream);

    beside.kill_during(async |cyrus| cyrus.deliver("alice", &message("meanwhile")).await).await;
    let after = mail_of_alice(&beside).await;
    assert_ne!(before, after, "Cyrus counts on");
    let stream = beside.follow_from("alice", Some(&cursor)).await;
    stream.reaches(&account, &after, PATIENCE).await;

    let metrics = beside.admin("/metrics").await;
    let found = "pusher_reconciliations_total{outcome=\"behind\"} 1";
    assert!(metrics.lines().any(|line| line == found), "{metrics}");
    assert!(
        !metrics.contains("relay_published_total{route=\"state\"} 1"),
        "no notification told it: {metrics}"
    );
    assert_eq!(stream.events("state").len(), 1);
}
