//! Accounts that the bus knows nothing of.

use std::sync::atomic::Ordering;

use bus_local::{LocalBus, LocalBusSettings};
use pusher::Settings;

use crate::support::{
    Node,
    client::Client,
    flaky_bus::FlakyBus,
    mail,
    mail_server::{ALICE, MailServer, Mood},
    settings, upstream,
};

async fn asking(server: &MailServer) -> Node {
    Node::with(Settings { credentials: vec![upstream(server.session_url())], ..settings() }).await
}

async fn open(node: &Node) -> Client {
    Client::get(node.address, "/jmap/eventsource/?types=Email,Contact,Calendar", &[("authorization", ALICE)])
        .await
}

#[tokio::test]
async fn mail_server_is_asked_once_in_the_clients_name() {
    let server = MailServer::start().await;
    let node = asking(&server).await;
    let (mut first, mut second) = (open(&node).await, open(&node).await);
    for stream in [&mut first, &mut second] {
        let told = stream.event().await.data();
        assert_eq!(
            (&told["changed"]["u1"]["Email"], &told["changed"]["u1"]["Contact"]),
            (&"42".into(), &"7".into())
        );
    }
    let questions = server.questions();
    assert_eq!(questions.len(), 1);
    assert_eq!(
        questions[0]["using"],
        serde_json::json!(["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"])
    );
    assert_eq!(questions[0]["methodCalls"][0][1], serde_json::json!({"accountId": "u1", "ids": []}));
    drop((first, second));
    node.until_metric("pusher_streams 0").await;
    open(&node).await.event().await;
    assert_eq!(server.questions().len(), 1, "the bus keeps the answer");
}

#[tokio::test]
async fn a_stream_whose_state_nobody_knows_stays_open_and_gets_what_comes() {
    let node = Node::start().await;
    let mut stream = node.open("/events/").await;
    assert!(stream.next().await.unwrap().retry().is_some());
    assert_eq!(stream.next().await.unwrap().comment(), "the state is not known yet");
    node.publish(&mail(3)).await;
    assert_eq!(stream.event().await.data()["mailModSeq"], 3);
}

#[tokio::test]
async fn a_mail_server_that_does_not_tell_leaves_the_stream_open_and_is_asked_by_the_next() {
    let server = MailServer::start().await;
    server.set(Mood::Mute);
    let node = asking(&server).await;
    let mut first = open(&node).await;
    assert!(first.next().await.unwrap().retry().is_some());
    assert_eq!(first.next().await.unwrap().comment(), "the state is not known yet");
    node.until_metric("pusher_state_questions_total{outcome=\"failed\"} 1").await;
    server.set(Mood::Well);
    let mut second = open(&node).await;
    for stream in [&mut first, &mut second] {
        assert_eq!(stream.event().await.data()["changed"]["u1"]["Email"], "42");
    }
}

#[tokio::test]
async fn what_the_bus_knows_is_not_asked_of_the_mail_server() {
    let server = MailServer::start().await;
    let node = asking(&server).await;
    node.publish(&mail(1)).await;
    assert_eq!(open(&node).await.event().await.data()["changed"]["u1"]["Email"], "1");
    assert!(server.questions().is_empty());
}

#[tokio::test]
async fn a_bus_that_cannot_be_read_is_tried_again_in_the_background() {
    let inner = LocalBus::in_memory(LocalBusSettings::default()).unwrap();
    let flaky = FlakyBus::new(inner.clone());
    flaky.is_away.store(true, Ordering::SeqCst);
    let node = Node::on(settings(), inner, flaky.clone()).await;
    node.publish(&mail(3)).await;
    let mut stream = node.open("/events/").await;
    assert!(stream.next().await.unwrap().retry().is_some());
    assert_eq!(stream.next().await.unwrap().comment(), "the state is not known yet");
    let metrics = node.metrics();
    let failures = metrics.lines().find_map(|line| line.strip_prefix("pusher_bus_failures_total "));
    assert_ne!(failures.unwrap(), "0");
    flaky.is_away.store(false, Ordering::SeqCst);
    assert_eq!(stream.event().await.data()["mailModSeq"], 3);
}

#[tokio::test]
async fn the_key_is_registered_before_the_state_is_read() {
    let inner = LocalBus::in_memory(LocalBusSettings::default()).unwrap();
    let flaky = FlakyBus::new(inner.clone());
    let node = Node::on(settings(), inner, flaky.clone()).await;
    node.publish(&mail(3)).await;
    node.open("/events/").await.event().await;
    assert_eq!(flaky.registered_at_read.load(Ordering::SeqCst), 1);
}
