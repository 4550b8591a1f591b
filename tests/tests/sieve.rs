//! A Sieve script on a real Cyrus notifies by mail through a real SMTP server, and by POST to a real HTTPS server.

use std::time::Duration;

use testkit::{message, smtp::RealSmtp, webhook::Taker};
use tests::{Beside, Plan};

const WITHIN: Duration = Duration::from_secs(30);

/// Two notices in one script, one by the RFC and one of before; and one that names no method.
const SCRIPT: &str = "require [\"enotify\", \"variables\"];\r\n\
    if header :matches \"subject\" \"*\" { set \"s\" \"${1}\"; }\r\n\
    notify :importance \"1\" :message \"New: ${s}\" \"mailto:alice-phone@example.net?subject=Ping\";\r\n\
    notify \"mailto:bob@example.net,carol@example.net\";\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_script_notifies_by_mail_and_a_programs_message_of_nobody() {
    let smtp = RealSmtp::start().await;
    let beside = Beside::start(Plan { smtp_port: smtp.port(), ..Plan::default() }).await;
    beside.cyrus.imap("alice").await;
    beside.cyrus.sieve("alice", SCRIPT).await;

    let mut program = message("on holiday");
    program.headers = "Auto-Submitted: auto-replied\r\n".to_owned();
    beside.cyrus.deliver("alice", &program).await;
    beside.cyrus.deliver("alice", &message("lunch")).await;

    let mails = smtp.wait_for_mails(3, WITHIN).await;
    let to = |who: &str| {
        let mail = mails.iter().find(|mail| mail.header("X-RcptTo") == Some(who));
        mail.unwrap_or_else(|| panic!("nothing for {who}"))
    };
    let phone = to("alice-phone@example.net");
    assert_eq!(phone.header("Subject"), Some("New: lunch"));
    assert_eq!(phone.header("Auto-Submitted"), Some("auto-notified; owner-email=\"alice@example.org\""));
    for who in ["bob@example.net", "carol@example.net"] {
        assert_eq!(to(who).header("Subject"), Some("lunch"), "the message's own subject");
        assert!(to(who).text().is_some_and(|text| text.contains("Robert Norris")));
    }
    assert_eq!(mails.len(), 3);
}

/// Two POSTs, one of them by a name of the operator's, and one to a host that is not allowed.
fn posting(taker: &Taker) -> String {
    format!(
        "require [\"enotify\"];\r\nnotify :importance \"1\" :message \"Look\" \"{}\";\r\n\
         notify :message \"Chat\" \"https://cyrusimap.org/notifiers/chat\";\r\n\
         notify \"https://127.0.0.1:1/other\";\r\n",
        taker.url("503,200/hook")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_has_something_posted_that_the_library_of_standard_webhooks_takes() {
    let taker = Taker::start().await;
    let webhook = format!(
        "[notifyd.sieve.methods]\nchat = '{}'\n[notifyd.webhook]\nhosts = ['localhost']\nports = [{}]\nsecret = '{}'\n\
         ca = '{}'\nallow_private = true\n[notifyd.backoff]\nfirst = '100ms'\nlongest = '1s'\n",
        taker.url("200/chat"),
        taker.port(),
        Taker::SECRET,
        taker.chain().display()
    );
    let beside = Beside::start_with(Plan::default(), &webhook).await;
    beside.cyrus.imap("alice").await;
    beside.cyrus.sieve("alice", &posting(&taker)).await;
    let mut program = message("on holiday");
    program.headers = "Auto-Submitted: auto-replied\r\n".to_owned();
    beside.cyrus.deliver("alice", &program).await;
    beside.cyrus.deliver("alice", &message("lunch")).await;

    let posts = taker.wait_for_posts(3, WITHIN).await;
    assert_eq!(posts.len(), 3);
    assert!(posts.iter().all(|post| post.is_authentic && post.json()["data"]["subject"] == "lunch"));
    let of = |path: &str| posts.iter().filter(|post| post.path == path).collect::<Vec<_>>();
    let (hook, chat) = (of("/503,200/hook"), of("/200/chat"));
    assert_eq!(hook[0].headers["idempotency-key"], hook[1].headers["idempotency-key"]);
    assert_eq!(
        (&hook[0].json()["data"]["text"], &hook[0].json()["data"]["importance"]),
        (&"Look".into(), &"high".into())
    );
    assert_eq!(
        (&chat[0].json()["data"]["text"], &chat[0].json()["data"]["user"]),
        (&"Chat".into(), &"alice@example.org".into())
    );
}
