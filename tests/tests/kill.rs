//! mailpush dies in the middle of a burst: what it answered is published by the next start, in order per account.

use std::{path::Path, sync::Arc, time::Duration};

use cyrus::{Notice, dlist};
use serde_json::{Value, json};
use testkit::eventually;
use tests::{Beside, Plan};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    sync::Semaphore,
    task::JoinSet,
};

const PATIENCE: Duration = Duration::from_secs(30);
const ACCOUNTS: [&str; 4] = ["u0", "u1", "u2", "u3"];
/// Answers after which mailpush is killed, of all accounts together.
const BEFORE_DEATH: u32 = 2000;

/// What Cyrus says when the modseq of an account's INBOX has become `modseq`.
fn notification(user: &str, modseq: u64) -> Vec<u8> {
    let event = json!({
        "event": "MailboxModseq",
        "uri": format!("imap://imap1.example.org/user/{user};UIDVALIDITY=7"),
        "user": "",
        "vnd.cmu.mbtype": "e",
        "vnd.cmu.mailboxACL": format!("{user}\tlrswipkxtecdan\t"),
        "vnd.fastmail.counters": format!("9 {modseq} {modseq} 0 0 0 1 0 0 0 0 0 7"),
    });
    dlist::write(&Notice {
        method: "pusher".to_owned(),
        class: "EVENT".to_owned(),
        priority: String::new(),
        user: String::new(),
        mailbox: String::new(),
        options: Vec::new(),
        message: event.to_string().into_bytes(),
        file_path: None,
    })
}

/// Sends one notification as Cyrus does; whether it was answered that it was taken.
async fn is_taken(socket: &Path, notification: &[u8]) -> bool {
    let exchange = async {
        let mut stream = UnixStream::connect(socket).await?;
        stream.write_all(notification).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    exchange.await.is_ok_and(|answer| answer == dlist::OK)
}

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
            while is_taken(&socket, &notification(user, last + 1)).await {
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
