//! Notifications of Sieve scripts by mail: dispatched on a bus in one process, out as mail.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bus::{Bus, JobKind, Message, Topic, Urgency};
use bus_local::{LocalBus, LocalBusSettings};
use fakes::smtp::{Faults, Mail, SmtpSink};
use kit::drain::Drain;
use mailbox_event::{
    Account, AccountToken, Event, EventId, Notification, RelayId, SieveNotification, UnixMillis,
    codec::{Form, encode},
};
use notifyd::{Means, Notifyd, Settings, SieveSettings};
use prometheus_client::registry::Registry;
use tempfile::TempDir;

use crate::{
    bus::mails,
    setup::{header, ledger, metric, now, settings, sink, text},
};

const MESSAGE: &str = "Return-Path: <robn@example.org>\r\nFrom: Robert Norris <robn@example.org>\r\nSubject: =?utf-8?q?caf=C3=A9_menu?=\r\n\
    Message-ID: <1@example.org>\r\n\r\nFirst line of the body.\r\n";

const DEADLINE: Duration = Duration::from_secs(20);

struct Line {
    sink: SmtpSink,
    bus: LocalBus,
    registry: Registry,
    _drain: Drain,
    _folder: TempDir,
}

impl Line {
    async fn start(change: impl FnOnce(&mut Settings)) -> Self {
        let (sink, folder) = (sink().await, TempDir::new().unwrap());
        let bus = LocalBus::open(&folder.path().join("bus.sqlite"), LocalBusSettings::default()).unwrap();
        let (store, mut registry, drain) = (ledger(&folder).await, Registry::default(), Drain::new());
        let mut settings = settings(sink.local_addr());
        change(&mut settings);
        let notifyd = Notifyd::start(settings, b"site", Arc::new(bus.clone()), store, &mut registry).await;
        drop(drain.spawn(notifyd.unwrap().run(drain.clone())));
        Self { sink, bus, registry, _drain: drain, _folder: folder }
    }

    /// Dispatches it twice, as relay does after a death.
    async fn notify(&self, sequence: u64, notification: SieveNotification) {
        self.dispatch(sequence, JobKind::Sieve, notification).await;
    }

    async fn dispatch(&self, sequence: u64, kind: JobKind, notification: SieveNotification) {
        self.dispatch_taken_at(now(), sequence, kind, notification).await;
    }

    async fn dispatch_taken_at(
        &self,
        taken_at: UnixMillis,
        sequence: u64,
        kind: JobKind,
        notification: SieveNotification,
    ) {
        let id = EventId { relay: RelayId(1), sequence };
        let event = Event { id, taken_at, notification: Notification::Sieve(Box::new(notification)) };
        let payload = encode(&event, Form::MessagePack).unwrap().into();
        let topic = Topic::Job(Urgency::Normal, kind, AccountToken([7; 16]));
        let message = Message { id, topic, payload };
        for message in [message.clone(), message] {
            self.bus.dispatch(message, &[]).await.unwrap();
        }
    }

    async fn mails(&self, count: u64) -> Vec<Arc<Mail>> {
        mails(&self.sink, count).await;
        self.sink.mails()
    }

    /// Waits until that many notifications were dropped for `reason`.
    async fn dropped(&self, reason: &str, count: u64) {
        self.counted(&format!("notifyd_mails_dropped_total{{reason=\"{reason}\"}}"), count).await;
    }

    async fn counted(&self, name: &str, count: u64) {
        let began = Instant::now();
        while metric(&self.registry, name) != count.to_string() {
            assert!(began.elapsed() < DEADLINE, "{name} is {}", metric(&self.registry, name));
            tokio::task::yield_now().await;
        }
    }
}

fn notification(uri: &str, words: &str, message: &str) -> SieveNotification {
    SieveNotification {
        account: Account::parse("alice@example.org").unwrap(),
        method: "mailto".to_owned(),
        priority: "normal".to_owned(),
        options: vec![uri.to_owned()],
        text: words.to_owned(),
        message: Some(message.as_bytes().to_vec()),
    }
}

#[tokio::test]
async fn a_script_notifies_each_address_once_by_the_letter_of_the_rfc() {
    let line = Line::start(|_| {}).await;
    let uri = "phone@example.net,bob@example.net?subject=Ping&from=evil@example.org";
    line.notify(1, notification(uri, "You have mail", MESSAGE)).await;
    let mut mails = line.mails(2).await;
    mails.sort_by_key(|mail| mail.to.clone());
    assert_eq!(
        mails.iter().flat_map(|mail| mail.to.clone()).collect::<Vec<_>>(),
        ["bob@example.net", "phone@example.net"]
    );
    let mail = &mails[0];
    assert_eq!(mail.from, "calendar@example.org");
    assert_eq!(header(mail, "Subject"), "You have mail");
    assert_eq!(header(mail, "Auto-Submitted"), "auto-notified; owner-email=\"alice@example.org\"");
    assert!(header(mail, "Message-ID").ends_with(".sieve@example.org>"));
    assert!(!text(mail).contains("evil"));
}

#[tokio::test]
async fn without_words_of_the_script_the_uri_and_then_the_message_give_the_subject() {
    let line = Line::start(|_| {}).await;
    let default = "Robert Norris <robn@example.org>: café menu";
    line.notify(1, notification("a@example.net?subject=Ping&body=Look", default, MESSAGE)).await;
    line.notify(2, notification("b@example.net", default, MESSAGE)).await;
    let mut mails = line.mails(2).await;
    mails.sort_by_key(|mail| mail.to.clone());
    assert_eq!(header(&mails[0], "Subject"), "Ping");
    assert!(text(&mails[0]).contains("Look"));
    assert_eq!(header(&mails[1], "Subject"), "=?utf-8?b?Y2Fmw6k=?= menu");
}

#[tokio::test]
async fn a_bounce_is_notified_of_from_nobody_and_a_program_not_at_all() {
    let line = Line::start(|_| {}).await;
    let program = MESSAGE.replace("Subject", "Auto-Submitted: auto-replied\r\nSubject");
    line.notify(1, notification("a@example.net", "x", &program)).await;
    let ours = MESSAGE.replace("<1@example.org>", "<0123.sieve@example.org>");
    line.notify(2, notification("a@example.net", "x", &ours)).await;
    let bounce = MESSAGE.replace("<robn@example.org>\r\nFrom", "<>\r\nFrom");
    line.notify(3, notification("a@example.net", "x", &bounce)).await;
    let mails = line.mails(1).await;
    line.dropped("Program", 2).await;
    assert_eq!((mails.len(), mails[0].from.as_str()), (1, ""));
}

#[tokio::test]
async fn a_server_that_takes_nothing_from_nobody_refuses_that_mail_alone() {
    let line = Line::start(|_| {}).await;
    line.sink.set_faults(Faults { senders: [(String::new(), 553)].into(), ..Faults::default() });
    let bounce = MESSAGE.replace("<robn@example.org>\r\nFrom", "<>\r\nFrom");
    line.notify(1, notification("a@example.net", "x", &bounce)).await;
    line.counted("notifyd_mails_refused_total", 1).await;
    line.notify(2, notification("b@example.net", "x", MESSAGE)).await;
    assert_eq!(line.mails(1).await[0].to, ["b@example.net"]);
    assert_eq!(metric(&line.registry, "notifyd_dependency_outages_total{dependency=\"Smtp\"}"), "0");
}

#[tokio::test]
async fn methods_that_nobody_follows_are_counted_and_harm_nobody() {
    let line = Line::start(|_| {}).await;
    for (sequence, method) in (1..).zip(["xmpp:a@example.org", "pusher", "mailto"]) {
        let mut nothing = notification("a@example.net", "x", MESSAGE);
        (nothing.method, nothing.options) = (method.to_owned(), Vec::new());
        line.notify(sequence, nothing).await;
    }
    line.notify(9, notification("a@example.net", "x", MESSAGE)).await;
    line.mails(1).await;
    line.counted("notifyd_notifications_unfollowed_total", 3).await;
}

#[tokio::test]
async fn methods_without_a_scheme_are_what_the_operator_says() {
    let line = Line::start(|settings| {
        let methods = [("own", Means::Mail), ("log", Means::Ignored), ("pager", Means::Text)];
        settings.sieve.methods = methods.map(|(name, means)| (name.to_owned(), means)).into();
    })
    .await;
    for (sequence, method) in (1..).zip(["log", "pager", "other", "own"]) {
        let mut plain = notification("x", "x", MESSAGE);
        (plain.method, plain.options) = (method.to_owned(), Vec::new());
        line.notify(sequence, plain).await;
    }
    let mails = line.mails(1).await;
    assert_eq!(mails[0].to, ["alice@example.org"]);
    line.counted("notifyd_notifications_unfollowed_total", 1).await;
    // The user has no number.
    line.counted("notifyd_texts_dropped_total{reason=\"Unverified\"}", 1).await;
}

#[tokio::test]
async fn texts_and_posts_of_scripts_are_counted_where_they_are_not_set() {
    let line = Line::start(|_| {}).await;
    for (sequence, kind, method) in [
        (1, JobKind::Sms, "sms:+4915112345678"),
        (2, JobKind::Sms, "tel:+4915112345678"),
        (3, JobKind::Webhook, "https://hooks.example.org/a"),
    ] {
        let notification = SieveNotification { method: method.to_owned(), ..notification("x", "x", MESSAGE) };
        line.dispatch(sequence, kind, notification).await;
    }
    line.counted("notifyd_texts_dropped_total{reason=\"Unset\"}", 2).await;
    line.counted("notifyd_posts_dropped_total{reason=\"Unset\"}", 1).await;
    assert!(line.sink.mails().is_empty());
}

#[tokio::test]
async fn what_is_over_the_budget_is_told_of_in_one_mail() {
    let line = Line::start(|settings| {
        settings.sieve.hourly_per_destination = 2;
        settings.sieve.merge_for = Duration::from_millis(1);
    })
    .await;
    for sequence in 1..=6 {
        let message = MESSAGE.replace("<1@", &format!("<{sequence}@"));
        line.notify(sequence, notification("phone@example.net", "x", &message)).await;
    }
    let told = async || {
        let mails = line.sink.mails();
        let number = |mail: &Arc<Mail>| match header(mail, "Subject").as_str() {
            "x" => 1,
            "One more message" => 1,
            more => more.trim_end_matches(" more messages").parse().unwrap(),
        };
        mails.iter().map(number).sum::<u64>()
    };
    // The notice may be due before the last of them came, which is then told of by another.
    while told().await < 6 {
        tokio::task::yield_now().await;
    }
    assert_eq!(told().await, 6);
    assert_eq!(line.sink.mails().iter().filter(|mail| header(mail, "Subject") == "x").count(), 2);
}

/// Three notifications where one budget has room for two: the third is told of in a notice, and the budgets that are wide enough
/// hold back none.
async fn third_is_merged(change: fn(&mut SieveSettings), of: impl Fn(u64) -> SieveNotification) {
    let line = Line::start(|settings| {
        settings.sieve.merge_for = Duration::from_millis(1);
        change(&mut settings.sieve);
    })
    .await;
    for sequence in 1..=3 {
        line.notify(sequence, of(sequence)).await;
    }
    let mails = line.mails(3).await;
    let mut subjects: Vec<_> = mails.iter().map(|mail| header(mail, "Subject")).collect();
    subjects.sort();
    assert_eq!(subjects, ["One more message", "x", "x"]);
    line.counted("notifyd_notifications_merged_total", 1).await;
}

#[tokio::test]
async fn a_users_budget_is_for_all_addresses_together() {
    third_is_merged(
        |sieve| sieve.hourly_per_user = 2,
        |nth| {
            let message = MESSAGE.replace("<1@", &format!("<{nth}@"));
            notification(&format!("phone{nth}@example.net"), "x", &message)
        },
    )
    .await;
}

#[tokio::test]
async fn a_messages_budget_is_for_every_notify_of_its_script() {
    third_is_merged(
        |sieve| sieve.per_message = 2,
        |nth| notification(&format!("phone{nth}@example.net"), "x", MESSAGE),
    )
    .await;
}

#[tokio::test]
async fn no_uri_and_no_message_adds_a_field_or_a_recipient() {
    let line = Line::start(|_| {}).await;
    let break_out = "%0D%0ABcc:%20evil@example.org%0D%0A%0D%0AHello";
    let uri = format!(
        "a@example.net?subject=Ping{break_out}&body=Look{break_out}&bcc=evil@example.org&x{break_out}=y"
    );
    line.notify(1, notification(&uri, "", MESSAGE)).await;
    let subject = "Subject: =?utf-8?q?lunch=0D=0ABcc:_evil@example.org=0D=0A=0D=0AHello?=";
    let hostile = MESSAGE.replace("Subject: =?utf-8?q?caf=C3=A9_menu?=", subject);
    line.notify(2, notification("b@example.net", "", &hostile)).await;
    line.notify(3, notification("c@example.net", "x\r\nBcc: evil@example.org\r\n\r\nHello", MESSAGE)).await;
    let mails = line.mails(3).await;
    assert_eq!(mails.len(), 3);
    for mail in mails {
        let text = text(&mail);
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(mail.to.len() == 1 && mail.to[0].ends_with("@example.net"), "{:?}", mail.to);
        assert!(!head.lines().any(|line| line.starts_with("Bcc") || line.starts_with('x')), "{head}");
    }
}

#[tokio::test]
async fn what_is_of_no_use_any_more_takes_no_room_in_a_budget() {
    let line = Line::start(|settings| settings.sieve.hourly_per_destination = 1).await;
    let long_ago = UnixMillis(now().0 - 25 * 60 * 60 * 1000);
    for sequence in 1..=3 {
        let late = notification("phone@example.net", "x", MESSAGE);
        line.dispatch_taken_at(long_ago, sequence, JobKind::Sieve, late).await;
    }
    line.dropped("Late", 3).await;
    line.counted("notifyd_notifications_merged_total", 0).await;
}
