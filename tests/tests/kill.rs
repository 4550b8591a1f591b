//! mailpush dies in the middle of a burst: what it answered is published by the next start, in order per account.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use testkit::eventually;
use tests::{
    Beside, Plan,
    notification::{is_taken, mailbox_modseq},
};
use tokio::{sync::Semaphore, task::JoinSet};

const PATIENCE: Duration = Duration::from_secs(30);
const ACCOUNTS: [&str; 4] = ["u0", "u1", "u2", "u3"];
/// Answers after which mailpush is killed, of all accounts together.
const BEFORE_DEATH: u32 = 2000;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_before_a_kill_is_published_after_it() {
    let mut beside = Beside::start(Plan::default()).await;
    let socket = beside.socket();
    let answers = Arc::new(Semaphore::new(0));
    let mut senders = JoinSet::new();
    for user in ACCOUNTS {
        let (socket, answers) = (socket.clone(), Arc::clone(&answers));
        senders.spawn(async move {
            let mut last = 0;
            while is_taken(&socket, &mailbox_modseq(user, last + 1)).await {
                last += 1;
                answers.add_permits(1);
            }
            (user, last)
        });
    }
    answers.acquire_many(BEFORE_DEATH).await.expect("it is never closed").forget();
    beside.kill().await;

    for (user, last) in senders.join_all().await {
        assert!(last > 0, "{user} was answered");
        let stream = beside.follow_events_by_token(user).await;
        // One more may have been taken whose answer died on the way.
        let told = eventually(PATIENCE, "what was answered is published", async || {
            let told = stream.events("push").pop()?;
            told.get("mailModSeq").and_then(Value::as_u64).filter(|modseq| *modseq >= last)
        })
        .await;
        assert!(told <= last + 1, "{user}: {told} was told and {last} answered");
    }
}
