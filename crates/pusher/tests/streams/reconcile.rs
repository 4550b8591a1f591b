//! What the bus lost is found again: accounts with streams are compared with the mail server.

use std::{sync::atomic::Ordering, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use bus::{Bucket, Retained};
use bus_local::{LocalBus, LocalBusSettings};
use pusher::{Credential, ReconcileSettings, Settings, UpstreamSettings};
use state::{AccountState, Basis, Counter};

use crate::support::{
    Node, PATIENCE, alice,
    client::Client,
    flaky_bus::FlakyBus,
    mail,
    mail_server::{ALICE, BOB, MailServer, Mood},
    settings, state, token,
};

/// Soon after a first stream, and no more without a reason.
fn at_start() -> ReconcileSettings {
    ReconcileSettings { every: Duration::ZERO, window: Duration::from_millis(100), at_once: 2 }
}

/// As soon as may be, over and over.
fn busily() -> ReconcileSettings {
    ReconcileSettings { every: Duration::from_millis(50), ..at_start() }
}

fn comparing(server: &MailServer, reconcile: ReconcileSettings) -> Settings {
    // So patient that no question is given up because the machine is busy.
    let upstream = UpstreamSettings { timeout: PATIENCE, ..UpstreamSettings::new(server.session_url()) };
    Settings { credentials: vec![Credential::Upstream(upstream)], reconcile, ..settings() }
}

async fn open(node: &Node, credential: &str) -> Client {
    let fields = [("authorization", credential)];
    Client::get(node.address, "/jmap/eventsource/?types=Email,Contact", &fields).await
}

async fn email(stream: &mut Client) -> String {
    stream.event().await.data()["changed"]["u1"]["Email"].as_str().unwrap().to_owned()
}

/// What the mail server knows at first.
fn same() -> AccountState {
    state(&[(Counter::Mail, 42), (Counter::Contacts, 7)])
}

fn compared(outcome: &str, times: u64) -> String {
    format!("pusher_reconciliations_total{{outcome=\"{outcome}\"}} {times}")
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let came = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, came).await.is_ok(), "{what}");
}

#[tokio::test]
async fn a_difference_is_published_to_the_streams_soon_after_the_first_one_came() {
    let server = MailServer::start().await;
    let node = Node::with(comparing(&server, at_start())).await;
    node.publish(&mail(1)).await;
    let mut stream = open(&node, ALICE).await;
    assert_eq!(email(&mut stream).await, "1");
    assert_eq!(email(&mut stream).await, "42");
    node.until_metric(&compared("behind", 1)).await;
    node.until_metric("pusher_reconciled_counters_total 2").await;
    assert_eq!(server.asked_about("alice"), 1);
}

#[tokio::test]
async fn the_same_answer_writes_nothing() {
    let server = MailServer::start().await;
    let node = Node::with(comparing(&server, at_start())).await;
    node.publish(&same()).await;
    let mut stream = open(&node, ALICE).await;
    assert_eq!(email(&mut stream).await, "42");
    let before = node.bus.state(token(&alice())).await.unwrap();
    node.until_metric(&compared("same", 1)).await;
    assert_eq!(node.bus.state(token(&alice())).await.unwrap(), before);
    node.publish(&state(&[(Counter::Mail, 43), (Counter::Contacts, 7)])).await;
    assert_eq!(email(&mut stream).await, "43");
    assert_eq!(node.frames(), 2);
}

#[tokio::test]
async fn accounts_are_compared_again_and_again() {
    let server = MailServer::start().await;
    let node = Node::with(comparing(&server, busily())).await;
    let mut stream = open(&node, ALICE).await;
    for modseq in [42, 50, 60] {
        server.set_mail(modseq);
        assert_eq!(email(&mut stream).await, modseq.to_string());
    }
    drop(stream);
    node.until_metric("pusher_streams 0").await;
    let asked = server.asked_about("alice");
    let mut other = open(&node, BOB).await;
    email(&mut other).await;
    until("bob is asked about", || server.asked_about("bob") > 3).await;
    assert!(server.asked_about("alice") <= asked + 1, "nobody is left to ask about");
}

#[tokio::test]
async fn after_a_gap_every_account_is_asked_about_a_few_at_a_time() {
    let server = MailServer::start().await;
    // All are due at once, so that the bound alone holds them back.
    let at_once = ReconcileSettings { window: Duration::ZERO, ..at_start() };
    let node = Node::with(comparing(&server, at_once)).await;
    let users: Vec<String> = (0..6).map(|number| format!("user{number}")).collect();
    let mut streams = Vec::new();
    for user in &users {
        let mut stream = open(&node, &format!("Basic {}", STANDARD.encode(format!("{user}:secret")))).await;
        assert_eq!(email(&mut stream).await, "42");
        streams.push(stream);
    }
    server.set(Mood::Silent);
    server.set_mail(99);
    let week = Duration::from_secs(7 * 86_400);
    node.bus.put(Bucket::Gaps, bus::GAPS_OF_RELAY, "1".into(), week).await.unwrap();
    let before: usize = users.iter().map(|user| server.asked_about(user)).sum();
    for answered in 1..=users.len() {
        let most = users.len().min(answered + 1);
        until("the next ones are asked about", || {
            users.iter().map(|user| server.asked_about(user)).sum::<usize>() == before + most
        })
        .await;
        server.released.notify_one();
    }
    for stream in &mut streams {
        assert_eq!(email(stream).await, "99");
    }
    assert_eq!(server.waiting().1, 2);
    node.until_metric("pusher_gaps_total 1").await;
}

#[tokio::test]
async fn a_credential_that_is_refused_is_not_presented_again() {
    let server = MailServer::start().await;
    let node = Node::with(comparing(&server, busily())).await;
    let (mut of_alice, mut of_bob) = (open(&node, ALICE).await, open(&node, BOB).await);
    assert_eq!((email(&mut of_alice).await, email(&mut of_bob).await), ("42".to_owned(), "42".to_owned()));
    server.lock_out("alice");
    node.until_metric(&compared("refused", 1)).await;
    let (alice, bob) = (server.asked_about("alice"), server.asked_about("bob"));
    until("bob is asked about", || server.asked_about("bob") > bob + 3).await;
    assert_eq!(server.asked_about("alice"), alice);
}

#[tokio::test]
async fn a_mail_server_that_does_not_answer_is_asked_again() {
    let server = MailServer::start().await;
    let node = Node::with(comparing(&server, at_start())).await;
    node.publish(&mail(1)).await;
    server.set(Mood::Mute);
    let mut stream = open(&node, ALICE).await;
    assert_eq!(email(&mut stream).await, "1");
    node.until_metric(&compared("failed", 1)).await;
    server.set(Mood::Well);
    assert_eq!(email(&mut stream).await, "42");
}

#[tokio::test]
async fn an_answer_that_is_older_than_what_was_heard_meanwhile_moves_nothing() {
    let server = MailServer::start().await;
    let node = Node::with(comparing(&server, at_start())).await;
    node.publish(&same()).await;
    // The Session is answered, the question waits.
    let mut stream = open(&node, ALICE).await;
    server.set(Mood::Silent);
    assert_eq!(email(&mut stream).await, "42");
    until("a question waits", || server.waiting().0 == 1).await;
    node.publish(&state(&[(Counter::Mail, 60), (Counter::Contacts, 7)])).await;
    assert_eq!(email(&mut stream).await, "60");
    server.released.notify_one();
    node.until_metric(&compared("same", 1)).await;
    assert_eq!(node.frames(), 2);
}

#[tokio::test]
async fn a_mail_server_that_knows_less_than_before_is_told_of_and_begins_no_epoch() {
    let server = MailServer::start().await;
    let node = Node::with(comparing(&server, at_start())).await;
    node.publish(&state(&[(Counter::Mail, 1000), (Counter::Contacts, 7)])).await;
    let before = node.bus.state(token(&alice())).await.unwrap();
    let mut stream = open(&node, ALICE).await;
    assert_eq!(email(&mut stream).await, "1000");
    node.until_metric(&compared("ahead", 1)).await;
    assert_eq!(node.bus.state(token(&alice())).await.unwrap(), before);
}

#[tokio::test]
async fn an_account_with_numbers_of_ours_is_not_compared() {
    let server = MailServer::start().await;
    let node = Node::with(comparing(&server, at_start())).await;
    let degraded = AccountState { basis: Basis::ChangeNumbers, ..mail(1_700_000_000_000) };
    node.publish(&degraded).await;
    let mut stream = open(&node, ALICE).await;
    assert_eq!(email(&mut stream).await, "1700000000000");
    node.until_metric(&compared("incomparable", 1)).await;
    assert_eq!((server.asked_about("alice"), node.frames()), (0, 1));
}

#[tokio::test]
async fn an_account_whose_question_broke_off_is_asked_about_again() {
    let server = MailServer::start().await;
    let inner = LocalBus::in_memory(LocalBusSettings::default()).unwrap();
    let flaky = FlakyBus::new(inner.clone());
    // The first question breaks off, which nobody else asks, and the one in its turn.
    flaky.broken_puts.store(2, Ordering::SeqCst);
    let node = Node::on(comparing(&server, at_start()), inner, flaky.clone()).await;
    let mut stream = open(&node, ALICE).await;
    assert_eq!(email(&mut stream).await, "42");
    assert_eq!(flaky.broken_puts.load(Ordering::SeqCst), 0);
    assert_eq!(server.asked_about("alice"), 3);
}

#[tokio::test]
async fn a_first_question_that_broke_off_is_asked_again_by_the_next_stream() {
    let server = MailServer::start().await;
    let inner = LocalBus::in_memory(LocalBusSettings::default()).unwrap();
    let flaky = FlakyBus::new(inner.clone());
    flaky.broken_puts.store(1, Ordering::SeqCst);
    // No turn comes while the test lasts.
    let never = ReconcileSettings { window: Duration::from_secs(3600), ..at_start() };
    let node = Node::on(comparing(&server, never), inner, flaky.clone()).await;
    let _first = open(&node, ALICE).await;
    until("the first question broke off", || flaky.broken_puts.load(Ordering::SeqCst) == 0).await;
    // It broke within one step of the one thread that runs the node and this test, and so left the question by then.
    let mut second = open(&node, ALICE).await;
    assert_eq!(email(&mut second).await, "42");
}
