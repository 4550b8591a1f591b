//! Sieve scripts on a real Cyrus notify by text, through a gateway.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use fakes::{
    sms::{Account, GatewaySettings, SmsGateway},
    smtp::{Mail, SinkSettings, SmtpSink},
};
use testkit::message;
use tests::{Beside, Plan};

const WITHIN: Duration = Duration::from_secs(60);

/// By the RFC, in three of its forms and importances; and in the one of before.
const BY_THE_RFC: &str = "require [\"enotify\"];\r\n\
    if header :contains \"subject\" \"lunch\" {\r\n\
    notify :importance \"1\" :message \"One\" \"sms:+4915112345678\";\r\n\
    notify :importance \"2\" :message \"Two\" \"tel:+49-151-12345678\";\r\n\
    notify :importance \"3\" :message \"Three\" \"sms:+4915112345678,+4915100000000\";\r\n\
    } else {\r\n\
    notify :options \"summarise=1\" \"sms:+4915112345678\";\r\n\
    }\r\n";
const OF_BEFORE: &str = "require [\"notify\"];\r\n\
    notify :method \"sms\" :options [\"0171 1234567\", \"Squeeze\", \"High\", \"Length\", \"50\"] \
    :message \"News from $from$\";\r\n";

struct Site {
    beside: Beside,
    gateway: SmsGateway,
    sink: SmtpSink,
}

impl Site {
    async fn start() -> Self {
        let any = "127.0.0.1:0".parse().expect("an address");
        let gateway = SmsGateway::start(any, GatewaySettings::default()).await.expect("a port is free");
        let sink = SmtpSink::start(any, SinkSettings::default()).await.expect("a port is free");
        let more = format!(
            r#"
            [notifyd.sms]
            from = "+4915199999999"
            home = "DE"
            countries = ["DE"]
            gateway.webhook = {{ url = "{}/sms", secret = "{}" }}
            "#,
            gateway.base_url(),
            Account::default().webhook_secret
        );
        let plan = Plan { smtp_port: sink.local_addr().port(), ..Plan::default() };
        let beside = Beside::start_with(plan, &more).await;
        Self { beside, gateway, sink }
    }

    /// Users with a number and credit.
    fn own(&self, user: &str, number: &str) {
        let insert = format!(
            "INSERT INTO recipient_numbers VALUES ('{user}@example.org', '{number}');
             INSERT INTO sms_credit VALUES ('{user}@example.org', 20, 0);
             INSERT INTO credit_entries VALUES ('start of {user}', 'grant', '{user}@example.org', 20, 0, 1);"
        );
        let database = rusqlite::Connection::open(self.beside.database()).expect("it is there");
        database.execute_batch(&insert).expect("the tables are there");
    }

    async fn script(&self, user: &str, script: &str) {
        self.beside.cyrus.imap(user).await;
        self.beside.cyrus.sieve(user, script).await;
    }

    /// The texts to `number` when there are so many in all.
    async fn texts(&self, count: u64, number: &str) -> Vec<String> {
        let mut taken = self.gateway.taken();
        let wait = tokio::time::timeout(WITHIN, taken.wait_for(|taken| *taken >= count));
        wait.await.expect("the gateway takes texts").expect("the gateway runs");
        let messages = self.gateway.messages();
        let mine = messages.iter().filter(|message| message.to == number);
        mine.map(|message| message.text.clone()).collect()
    }

    async fn mails(&self, count: u64) -> Vec<Arc<Mail>> {
        let mut taken = self.sink.taken();
        let wait = tokio::time::timeout(WITHIN, taken.wait_for(|taken| *taken >= count));
        wait.await.expect("the server takes mails").expect("the server runs");
        self.sink.mails()
    }
}

fn mail(headers: &str, body: &str) -> String {
    let id = message("").text();
    let id = id.lines().find(|line| line.starts_with("Message-ID")).expect("it has one").to_owned();
    format!("From: Robert Norris <robn@example.org>\r\nTo: alice@example.org\r\n{id}\r\n{headers}\r\n{body}")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_message_is_texted_as_its_script_and_the_rfc_say() {
    const ALICE: &str = "+4915112345678";
    const BOB: &str = "+491711234567";
    let site = Site::start().await;
    site.own("alice", ALICE);
    site.own("bob", BOB);
    site.script("alice", BY_THE_RFC).await;
    site.script("bob", OF_BEFORE).await;
    let cyrus = &site.beside.cyrus;

    let program = mail("Subject: lunch\r\nAuto-Submitted: auto-replied\r\n", "x\r\n");
    cyrus.deliver_from("robn@example.org", "alice", &program).await;
    cyrus.deliver("alice", &message("lunch")).await;
    let mut texts = site.texts(3, ALICE).await;
    texts.sort_unstable();
    assert_eq!(texts, ["One", "Three", "Two"]);

    cyrus.deliver_from("", "alice", &mail("Subject: bounce\r\n", "It came back\r\n")).await;
    assert_eq!(site.texts(4, ALICE).await[3], "Robert Norris: bounce - It came back");
    cyrus.deliver_from("robn@example.org", "alice", &mail("Subject: empty\r\n", "")).await;
    assert_eq!(site.texts(5, ALICE).await[4], "Robert Norris: empty");
    // "\u{4f1a}\u{8b70}" (a meeting) in Shift-JIS.
    let body = STANDARD.encode([0x89, 0xef, 0x8b, 0x63]);
    let headers = "Subject: sjis\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=Shift_JIS\r\n\
        Content-Transfer-Encoding: base64\r\n";
    cyrus.deliver_from("robn@example.org", "alice", &mail(headers, &body)).await;
    assert_eq!(site.texts(6, ALICE).await[5], "Robert Norris: sjis - \u{4f1a}\u{8b70}");

    cyrus.deliver("bob", &message("lunch")).await;
    assert_eq!(site.texts(7, BOB).await, ["News from Robert Norris <robn@example.org>"]);
    assert_eq!(site.gateway.messages().len(), 7, "neither the program's message nor a stranger's number");
    assert!(site.sink.mails().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_users_whose_scripts_notify_each_other_are_told_once() {
    let site = Site::start().await;
    site.script("alice", "require [\"enotify\"];\r\nnotify \"mailto:bob@example.org\";\r\n").await;
    site.script("bob", "require [\"enotify\"];\r\nnotify \"mailto:alice@example.org\";\r\n").await;
    let cyrus = &site.beside.cyrus;

    cyrus.deliver("alice", &message("lunch")).await;
    let told = site.mails(1).await.remove(0);
    assert_eq!(told.to, ["bob@example.org"]);
    let text = String::from_utf8(told.octets.clone()).expect("mail is text");
    cyrus.deliver_from(&told.from, "bob", &text).await;
    // Whoever takes our marks away finds the Message-ID.
    let bare: Vec<_> = text.split("\r\n").filter(|line| !line.starts_with("Auto-Submitted")).collect();
    assert_ne!(bare.join("\r\n"), text);
    let suffixed = bare.join("\r\n").replacen("Subject: ", "Subject: Re: ", 1);
    cyrus.deliver_from(&told.from, "alice", &suffixed).await;
    testkit::eventually(WITHIN, "both are known for ours", async || {
        let metrics = site.beside.admin("/metrics").await;
        metrics.contains("notifyd_mails_dropped_total{reason=\"Program\"} 2\n").then_some(())
    })
    .await;
    cyrus.deliver("bob", &message("supper")).await;
    let mails = site.mails(2).await;
    assert_eq!((mails.len(), mails[1].to.as_slice()), (2, ["alice@example.org".to_owned()].as_slice()));
    assert!(String::from_utf8_lossy(&mails[1].octets).contains("Subject: supper"));
}
