//! Credentials that count no longer, and the streams that were opened with them.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, SystemTime},
};

use bus_local::{LocalBus, LocalBusSettings};
use kit::config::Secret;
use pusher::{Credential, ReconcileSettings, Settings, UpstreamSettings};
use reqwest::Method;

use crate::support::{
    Node, bearer,
    client::{Client, http1},
    flaky_bus::FlakyBus,
    jwt, mail,
    mail_server::{ALICE, BOB, MailServer, Mood},
    settings, signed,
};

const MINUTE: Duration = Duration::from_secs(60);

fn asking(server: &MailServer, remember: Duration) -> Settings {
    let upstream = UpstreamSettings {
        key: Some(Secret::new("shared by all nodes of this installation")),
        remember,
        remember_refusal: Duration::from_millis(1),
        ..UpstreamSettings::new(server.session_url())
    };
    Settings { credentials: vec![jwt(), Credential::Upstream(upstream)], ..settings() }
}

async fn open(node: &Node, credential: &str) -> Client {
    Client::get(node.address, "/events/", &[("authorization", credential)]).await
}

async fn open_by_ticket(node: &Node, ticket: &str, last_event_id: &str) -> Client {
    let path = format!("/events/?ticket={ticket}");
    Client::get(node.address, &path, &[("last-event-id", last_event_id)]).await
}

async fn ticket(node: &Node, credential: &str) -> String {
    let fields = [("authorization", credential)];
    let answer = Client::send(&http1(), Method::POST, node.address, "/events/ticket", &fields).await;
    let said: serde_json::Value = serde_json::from_str(&answer.text().await).unwrap();
    said["ticket"].as_str().unwrap().to_owned()
}

/// `Bearer` of Alice that was issued at this time.
pub fn issued(at: SystemTime) -> String {
    let seconds = |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let exp = seconds(SystemTime::now() + 10 * MINUTE);
    signed(&serde_json::json!({"sub": "alice", "aud": "mailpush", "iat": seconds(at), "exp": exp}))
}

#[tokio::test]
async fn a_revocation_ends_the_streams_of_its_account_on_every_node() {
    let server = MailServer::start().await;
    let first = Node::with(asking(&server, 5 * MINUTE)).await;
    let second = asking(&server, 5 * MINUTE);
    let second = Node::on(second, first.bus.clone(), Arc::new(first.bus.another_node())).await;
    first.publish(&mail(1)).await;
    let old = issued(SystemTime::now() - MINUTE);
    let (used, unused) = (ticket(&first, &old).await, ticket(&first, &old).await);
    let by_ticket = open_by_ticket(&second, &used, "").await;
    let mut streams = vec![open(&first, &old).await, open(&second, &old).await, by_ticket];
    streams.push(open(&first, ALICE).await);
    streams.push(open(&second, ALICE).await);
    let mut bobs = open(&second, &bearer("bob", MINUTE)).await;
    let mut id = String::new();
    for stream in &mut streams {
        id = stream.event().await.field("id").to_owned() + &id.split_off(id.find('.').unwrap_or(id.len()));
    }
    assert_eq!(server.sessions(), 1);
    first.revoker.revoke("alice", SystemTime::now()).await.unwrap();
    for stream in &mut streams {
        let last = stream.rest().await.pop().unwrap();
        assert!(last.retry().is_some_and(|retry| retry < 10_000), "{last:?}");
    }
    for node in [&first, &second] {
        assert_eq!(open(node, &old).await.status, 401);
        assert_eq!(open_by_ticket(node, &used, &id).await.status, 401);
        assert_eq!(open_by_ticket(node, &unused, "").await.status, 401);
        let mut good = open(node, ALICE).await;
        good.event().await;
        let mut newer = open(node, &issued(SystemTime::now() + MINUTE)).await;
        newer.event().await;
        node.publish(&mail(if std::ptr::eq(node, &first) { 2 } else { 3 })).await;
        good.event().await;
        newer.event().await;
    }
    // The verdict from before was asked anew, once for both nodes.
    first.until_metric("pusher_session_checks_total{outcome=\"answered\"} 2").await;
    assert!(second.metrics().contains("pusher_session_checks_total{outcome=\"answered\"} 0\n"));
    assert!(bobs.next().await.unwrap().retry().is_some());
    second.until_metric("pusher_streams 1").await;
}

#[tokio::test]
async fn a_credential_that_the_mail_server_refuses_ends_its_own_streams() {
    let server = MailServer::start().await;
    let node = Node::with(asking(&server, Duration::from_millis(1))).await;
    node.publish(&mail(1)).await;
    let token = bearer("alice", 10 * MINUTE);
    let (mut by_password, mut by_token) = (open(&node, ALICE).await, open(&node, &token).await);
    by_password.event().await;
    by_token.event().await;
    server.set(Mood::Status(401));
    let refused = async { while open(&node, ALICE).await.status != 401 {} };
    tokio::time::timeout(crate::support::PATIENCE, refused).await.expect("it is never asked again");
    assert!(by_password.rest().await.pop().unwrap().retry().is_some());
    server.set(Mood::Well);
    let mut again = open(&node, ALICE).await;
    while again.status != 200 {
        again = open(&node, ALICE).await;
    }
    again.event().await;
    node.publish(&mail(2)).await;
    assert_eq!(again.event().await.data()["mailModSeq"], 2);
    assert_eq!(by_token.event().await.data()["mailModSeq"], 2);
}

#[tokio::test]
async fn a_node_whose_clock_is_ahead_revokes_nothing_for_ever() {
    let server = MailServer::start().await;
    let node = Node::with(asking(&server, 5 * MINUTE)).await;
    node.publish(&mail(1)).await;
    node.revoker.revoke("alice@example.org", SystemTime::now() + 60 * MINUTE).await.unwrap();
    // Nothing was known of this credential, and what the opening stream reads is newer than the mail server's word.
    let last = open(&node, ALICE).await.rest().await.pop().unwrap();
    assert!(last.retry().is_some(), "{last:?}");
    let mut stream = open(&node, ALICE).await;
    stream.event().await;
    node.publish(&mail(2)).await;
    assert_eq!(stream.event().await.data()["mailModSeq"], 2);
    // A node whose clock is behind takes nothing back.
    node.revoker.revoke("alice", SystemTime::now() - MINUTE).await.unwrap();
    assert_eq!(open(&node, &issued(SystemTime::now() + 30 * MINUTE)).await.status, 401);
}

#[tokio::test]
async fn what_may_have_been_revoked_is_neither_accepted_nor_refused() {
    let inner = LocalBus::in_memory(LocalBusSettings::default()).unwrap();
    let flaky = FlakyBus::new(inner.clone());
    let node = Node::on(settings(), inner, flaky.clone()).await;
    node.publish(&mail(1)).await;
    flaky.buckets_are_away.store(true, Ordering::SeqCst);
    let mut stream = node.open("/events/").await;
    assert_eq!(stream.status, 200);
    let frames = stream.rest().await;
    assert_eq!(frames[1].comment(), "the credential cannot be verified at the moment");
    flaky.buckets_are_away.store(false, Ordering::SeqCst);
    node.open("/events/").await.event().await;
    assert!(node.revoker.revoke("a b", SystemTime::now()).await.is_err());
}

#[tokio::test]
async fn the_mail_server_is_asked_no_more_with_what_was_revoked() {
    let server = MailServer::start().await;
    let every = Duration::from_millis(50);
    let reconcile = ReconcileSettings { every, window: 2 * every, at_once: 2 };
    let node = Node::with(Settings { reconcile, ..asking(&server, 5 * MINUTE) }).await;
    node.publish(&mail(1)).await;
    // It stays open, and so the account is not forgotten.
    let mut by_token = open(&node, &issued(SystemTime::now() + MINUTE)).await;
    by_token.event().await;
    let (mut by_password, mut bobs) = (open(&node, ALICE).await, open(&node, BOB).await);
    by_password.event().await;
    bobs.event().await;
    node.revoker.revoke("alice", SystemTime::now()).await.unwrap();
    by_password.rest().await;
    let (alices_before, bobs_before) = (server.asked_about("alice"), server.asked_about("bob"));
    let bob_is_asked_about = async {
        while server.asked_about("bob") < bobs_before + 5 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::support::PATIENCE, bob_is_asked_about).await.expect("others are compared");
    // One question may have been under way.
    assert!(server.asked_about("alice") <= alices_before + 1);
}
