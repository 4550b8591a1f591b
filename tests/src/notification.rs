//! Notifications as Cyrus sends them, without a Cyrus.

use std::{io, path::Path};

use cyrus::{Notice, dlist};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

/// What Cyrus says when the modseq of an account's INBOX has become `modseq`.
pub fn mailbox_modseq(user: &str, modseq: u64) -> Vec<u8> {
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

/// Sends one to relay's `socket` as Cyrus does; whether it was answered that it was taken.
pub async fn is_taken(socket: &Path, notification: &[u8]) -> bool {
    let exchange = async {
        let mut stream = UnixStream::connect(socket).await?;
        stream.write_all(notification).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        io::Result::Ok(answer)
    };
    exchange.await.is_ok_and(|answer| answer == dlist::OK)
}
