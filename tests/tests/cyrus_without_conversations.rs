//! A Cyrus without `conversations: yes` sends zeros for counters, and has no JMAP: streams then carry numbers of ours
//! that only rise.

use std::time::Duration;

use serde_json::Value;
use testkit::{cyrus::Profile, eventually, message};
use tests::{Beside, Follower, Plan};

const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for a push with a number above `before`, and returns the number.
async fn number_above(stream: &Follower, before: u64) -> u64 {
    eventually(PATIENCE, "a higher number is told", async || {
        let last = stream.events("push").pop()?;
        last.get("mailModSeq").and_then(Value::as_u64).filter(|number| *number > before)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_carry_numbers_that_only_rise_also_over_a_restart() {
    let mut beside = Beside::start(Plan { profile: Profile::NoConversations, ..Plan::default() }).await;
    beside.cyrus.imap("alice").await;
    let stream = beside.follow_events_by_token("alice").await;
    let mut number = number_above(&stream, 0).await;
    for subject in ["One", "Two", "Three"] {
        beside.cyrus.deliver("alice", &message(subject)).await;
        number = number_above(&stream, number).await;
    }
    drop(stream);
    beside.restart().await;
    let again = beside.follow_events_by_token("alice").await;
    let kept = number_above(&again, 0).await;
    assert!(kept >= number, "{kept} is not below {number}");
    beside.cyrus.deliver("alice", &message("Four")).await;
    number_above(&again, kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_sees_that_counters_are_missing() {
    let beside = Beside::start(Plan { profile: Profile::NoConversations, ..Plan::default() }).await;
    beside.cyrus.imap("alice").await;
    beside.cyrus.deliver("alice", &message("One")).await;
    eventually(PATIENCE, "notifications without counters are counted", async || {
        let metrics = beside.admin("/metrics").await;
        let counts = |line: &str| line.starts_with("relay_without_counters_total ") && !line.ends_with(" 0");
        metrics.lines().any(counts).then_some(())
    })
    .await;
}
