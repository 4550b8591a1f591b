//! Notifications of Sieve scripts by POST: dispatched on a bus in one process, out to a host with a certificate of its
//! own, whose Standard Webhooks library judges what comes.

use std::{sync::Arc, time::Duration};

use bus::{Bus, DeadLetters as _, Group, JobKind, Message, Topic, Urgency};
use bus_local::{LocalBus, LocalBusSettings};
use kit::{config::Secret, drain::Drain};
use mailbox_event::{
    Account, AccountToken, Event, EventId, Notification, RelayId, SieveNotification, UnixMillis,
    codec::{Form, encode},
};
use notifyd::{Means, Notifyd, Settings, WEBHOOK, WebhookSettings};
use prometheus_client::registry::Registry;
use tempfile::TempDir;
use testkit::webhook::{Posted, Taker};

use crate::setup::{ledger, metric, now, settings};

const WITHIN: Duration = Duration::from_secs(30);
const MESSAGE: &str = "From: Robert Norris <robn@example.org>\r\nSubject: =?utf-8?q?caf=C3=A9_menu?=\r\n\
    Message-ID: <1@example.org>\r\n\r\nFirst line of the body.\r\n";

struct Line {
    taker: Taker,
    bus: LocalBus,
    registry: Registry,
    drain: Option<(Drain, tokio::task::JoinHandle<()>)>,
    settings: Settings,
    folder: TempDir,
}

impl Line {
    async fn start(change: impl FnOnce(&mut Settings, &mut WebhookSettings)) -> Self {
        let (taker, folder) = (Taker::start().await, TempDir::new().unwrap());
        let bus = LocalBus::open(&folder.path().join("bus.sqlite"), LocalBusSettings::default()).unwrap();
        // Nothing listens there: mail is no part of it.
        let mut settings = settings("127.0.0.1:1".parse().unwrap());
        let mut webhook = WebhookSettings {
            hosts: vec!["localhost".into()],
            ports: vec![taker.port()],
            secret: Secret::new(Taker::SECRET),
            allow_private: true,
            ca: Some(taker.chain()),
            timeout: Duration::from_secs(5),
            ..WebhookSettings::default()
        };
        change(&mut settings, &mut webhook);
        settings.webhook = Some(webhook);
        let mut line = Self { taker, bus, registry: Registry::default(), drain: None, settings, folder };
        line.run().await;
        line
    }

    async fn run(&mut self) {
        let (store, drain) = (ledger(&self.folder).await, Drain::new());
        self.registry = Registry::default();
        let bus = Arc::new(self.bus.clone());
        let notifyd = Notifyd::start(self.settings.clone(), b"site", bus, store, &mut self.registry).await;
        let task = tokio::spawn(notifyd.unwrap().run(drain.clone()));
        self.drain = Some((drain, task));
    }

    /// Dispatches it twice, as relay does after a death.
    async fn notify(&self, sequence: u64, notification: SieveNotification) {
        self.dispatch(sequence, JobKind::Webhook, notification, now()).await;
    }

    async fn dispatch(
        &self,
        sequence: u64,
        kind: JobKind,
        notification: SieveNotification,
        taken_at: UnixMillis,
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

    async fn posts(&self, count: usize) -> Vec<Posted> {
        self.taker.wait_for_posts(count, WITHIN).await
    }

    async fn metric(&self, name: &str, expected: u64) {
        testkit::eventually(WITHIN, &format!("{name} is {expected}"), async || {
            (metric(&self.registry, name) == expected.to_string()).then_some(())
        })
        .await;
    }

    /// The reasons of the group's dead letters.
    async fn dead(&self, count: usize) -> Vec<String> {
        let group = Group(WEBHOOK.to_owned());
        testkit::eventually(WITHIN, "dead letters are there", async || {
            let letters = self.bus.dead_letters(&group, 10).await.unwrap();
            (letters.len() >= count).then(|| letters.into_iter().map(|letter| letter.reason).collect())
        })
        .await
    }
}

fn notification(url: &str) -> SieveNotification {
    SieveNotification {
        account: Account::parse("alice@example.org").unwrap(),
        method: url.to_owned(),
        priority: "high".to_owned(),
        options: Vec::new(),
        text: "Lunch?".to_owned(),
        message: Some(MESSAGE.as_bytes().to_vec()),
    }
}

/// Of a message of its own.
fn of_message(number: u64, url: &str) -> SieveNotification {
    let message = MESSAGE.replace("<1@", &format!("<{number}@"));
    SieveNotification { message: Some(message.into_bytes()), ..notification(url) }
}

#[tokio::test]
async fn what_is_posted_is_signed_named_and_said_as_documented_and_comes_once() {
    let line = Line::start(|_, _| {}).await;
    line.notify(1, notification(&line.taker.url("200/hook?to=Alice#top"))).await;
    line.notify(2, notification(&line.taker.url("204/other"))).await;
    let posts = line.posts(2).await;
    line.metric("notifyd_posts_sent_total", 2).await;
    let post = posts.iter().find(|post| post.path == "/200/hook?to=Alice").unwrap();
    assert!(post.is_authentic, "by the library of Standard Webhooks");
    assert_eq!(post.headers["content-type"], "application/json");
    assert_eq!(post.headers["idempotency-key"], post.headers["webhook-id"]);
    assert!(post.headers["user-agent"].starts_with("mailpush/"));
    let body = post.json();
    assert_eq!(
        (&body["type"], &body["data"]["user"]),
        (&"sieve.notification".into(), &"alice@example.org".into())
    );
    assert_eq!(body["data"]["text"], "Lunch?");
    assert_eq!(
        (&body["data"]["sender"], &body["data"]["subject"]),
        (&"Robert Norris".into(), &"café menu".into())
    );
    assert_eq!(
        (&body["data"]["message_id"], &body["data"]["importance"]),
        (&"1@example.org".into(), &"high".into())
    );
    assert_eq!(line.taker.posts().len(), 2);
}

#[tokio::test]
async fn host_that_is_busy_or_silent_is_asked_again_with_the_same_key() {
    let line = Line::start(|_, webhook| webhook.timeout = Duration::from_secs(1)).await;
    line.notify(1, notification(&line.taker.url("503,429,silence,200/a"))).await;
    let posts = line.posts(4).await;
    line.metric("notifyd_posts_sent_total", 1).await;
    line.metric("notifyd_posts_put_off_total", 3).await;
    assert!(posts.iter().all(|post| post.is_authentic && post.body == posts[0].body));
    assert!(posts.iter().all(|post| post.headers["webhook-id"] == posts[0].headers["webhook-id"]));
}

#[tokio::test]
async fn refusals_and_redirects_become_dead_letters_that_say_why() {
    let line = Line::start(|_, _| {}).await;
    line.notify(1, notification(&line.taker.url("410/a"))).await;
    line.notify(2, notification(&line.taker.url("302/b"))).await;
    let mut reasons = line.dead(2).await;
    reasons.sort();
    assert!(reasons[0].contains("answered 302") && reasons[1].contains("answered 410"), "{reasons:?}");
    line.metric("notifyd_posts_refused_total", 2).await;
    // Given back by an operator, it dies of the same reason, and nobody is asked again.
    let group = Group(WEBHOOK.to_owned());
    for letter in line.bus.dead_letters(&group, 10).await.unwrap() {
        line.bus.redeliver(&group, letter.id).await.unwrap();
    }
    let mut again = line.dead(2).await;
    again.sort();
    assert!(again[0].contains("before: host answered 302") && again[1].contains("answered 410"), "{again:?}");
    assert!(line.taker.posts().iter().all(|post| !post.path.contains("redirected")));
}

#[tokio::test]
async fn a_host_that_is_away_holds_up_no_other() {
    let line = Line::start(|_, webhook| {
        webhook.hosts.push("127.0.0.1".into());
        webhook.ports.push(1);
        webhook.concurrency = 1;
    })
    .await;
    for sequence in 1..=20 {
        line.notify(sequence, of_message(sequence, "https://127.0.0.1:1/away")).await;
    }
    line.notify(21, notification(&line.taker.url("200/there"))).await;
    line.posts(1).await;
    line.metric("notifyd_posts_sent_total", 1).await;
    let tried: u64 = metric(&line.registry, "notifyd_posts_put_off_total").parse().unwrap();
    assert!((1..20).contains(&tried), "the host was left alone after it failed: {tried}");
}

#[tokio::test]
async fn hosts_that_are_not_allowed_and_addresses_that_are_not_public_are_not_posted_to() {
    let line = Line::start(|_, webhook| {
        webhook.allow_private = false;
        webhook.hosts.push("127.0.0.2".into());
    })
    .await;
    let port = line.taker.port();
    for (sequence, url) in (1..).zip([
        format!("https://127.0.0.1:{port}/200/a"),
        format!("https://localhost.evil.example:{port}/200/a"),
        "https://localhost/200/a".to_owned(),
    ]) {
        line.notify(sequence, notification(&url)).await;
    }
    line.metric("notifyd_posts_dropped_total{reason=\"Host\"}", 3).await;
    // On the list, and found to be this machine: by name, and as an address.
    line.notify(8, notification(&line.taker.url("200/a"))).await;
    line.notify(9, notification(&format!("https://127.0.0.2:{port}/200/a"))).await;
    let reasons = line.dead(2).await;
    assert!(reasons.iter().all(|reason| reason.contains("host has no public address")), "{reasons:?}");
    line.metric("notifyd_posts_dropped_total{reason=\"Host\"}", 3).await;
    assert!(line.taker.posts().is_empty());
}

#[tokio::test]
async fn programs_own_messages_and_old_news_are_not_posted() {
    let line = Line::start(|_, _| {}).await;
    let mut program = notification(&line.taker.url("200/a"));
    program.message = Some(format!("Auto-Submitted: auto-replied\r\n{MESSAGE}").into_bytes());
    line.notify(1, program).await;
    line.metric("notifyd_posts_dropped_total{reason=\"Program\"}", 1).await;
    let yesterday = UnixMillis(now().0 - 25 * 60 * 60 * 1_000);
    line.dispatch(2, JobKind::Webhook, notification(&line.taker.url("200/a")), yesterday).await;
    line.metric("notifyd_posts_dropped_total{reason=\"Late\"}", 1).await;
    assert!(line.taker.posts().is_empty());
}

#[tokio::test]
async fn method_without_a_scheme_is_posted_where_the_operator_says() {
    let mut line = Line::start(|_, _| {}).await;
    let (drain, task) = line.drain.take().unwrap();
    drain.begin();
    task.await.unwrap();
    let url = line.taker.url("200/chat").parse().unwrap();
    line.settings.sieve.methods = [("chat".to_owned(), Means::Post(url))].into();
    line.run().await;
    line.dispatch(1, JobKind::Sieve, notification("chat"), now()).await;
    let posts = line.posts(1).await;
    line.metric("notifyd_posts_sent_total", 1).await;
    assert_eq!((posts[0].path.as_str(), &posts[0].json()["data"]["text"]), ("/200/chat", &"Lunch?".into()));
    assert_eq!(line.taker.posts().len(), 1);
}

#[tokio::test]
async fn what_is_over_the_budget_is_told_of_in_one_post() {
    let line = Line::start(|settings, _| {
        settings.sieve.hourly_per_destination = 2;
        settings.sieve.merge_for = Duration::from_millis(1);
    })
    .await;
    for sequence in 1..=6 {
        line.notify(sequence, of_message(sequence, &line.taker.url("200/Hook"))).await;
    }
    // The notice may be due before the last of them came, which is then told of by another.
    testkit::eventually(WITHIN, "all were told of", async || {
        let told = line
            .taker
            .posts()
            .iter()
            .map(|post| post.json()["data"]["count"].as_u64().unwrap_or(1))
            .sum::<u64>();
        assert!(told <= 6);
        (told == 6).then_some(())
    })
    .await;
    let posts = line.taker.posts();
    assert!(posts.iter().all(|post| post.is_authentic && post.path == "/200/Hook"));
    assert_eq!(posts.iter().filter(|post| post.json()["type"] == "sieve.notification").count(), 2);
    assert!(posts.iter().any(|post| post.json()["type"] == "sieve.more"));
}

#[tokio::test]
async fn host_that_took_an_event_before_a_death_is_told_the_same_key_after_it() {
    let mut line = Line::start(|_, webhook| webhook.timeout = Duration::from_secs(20)).await;
    line.notify(1, notification(&line.taker.url("silence,200/a"))).await;
    line.posts(1).await;
    // The answer never comes: the run is cut off where nobody knows whether it was taken.
    let (_drain, task) = line.drain.take().unwrap();
    task.abort();
    drop(task.await);
    line.run().await;
    let posts = line.posts(2).await;
    line.metric("notifyd_posts_sent_total", 1).await;
    assert_eq!(posts[0].headers["idempotency-key"], posts[1].headers["idempotency-key"]);
    assert_eq!(posts[0].body, posts[1].body);
}
