//! A Sieve script on a real Cyrus notifies by mail through a real SMTP server.

use std::time::Duration;

use testkit::{message, smtp::RealSmtp};
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
