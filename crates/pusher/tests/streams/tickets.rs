//! Tickets for a browser's EventSource.

use std::{sync::Arc, time::Duration};

use bus_local::{LocalBus, LocalBusSettings, ManualClock, Surroundings};
use mailbox_event::UnixMillis;
use reqwest::Method;

use crate::support::{
    Node, bearer,
    client::{Client, Frame, http1},
    flaky_bus::FlakyBus,
    mail, settings,
};

const MINUTE: Duration = Duration::from_secs(60);

async fn ask(node: &Node, fields: &[(&str, &str)]) -> Client {
    Client::send(&http1(), Method::POST, node.address, "/events/ticket", fields).await
}

async fn ticket_of(node: &Node, credential: &str) -> String {
    let answer = ask(node, &[("authorization", credential)]).await;
    assert_eq!((answer.status, answer.header("cache-control")), (201, Some("no-store")));
    let said: serde_json::Value = serde_json::from_str(&answer.text().await).unwrap();
    assert_eq!(said["expiresIn"], 60);
    said["ticket"].as_str().unwrap().to_owned()
}

async fn ticket(node: &Node) -> String {
    ticket_of(node, &bearer("alice", Duration::from_secs(600))).await
}

/// As an EventSource: without any credential, with the last id if there is one.
async fn open(node: &Node, ticket: &str, last_event_id: Option<&str>) -> Client {
    let field = last_event_id.map(|id| ("last-event-id", id));
    let path = format!("/jmap/eventsource/?types=Email&ticket={ticket}");
    Client::get(node.address, &path, field.as_slice()).await
}

async fn first_id(stream: &mut Client) -> String {
    let frame: Frame = stream.next().await.unwrap();
    assert!(frame.retry().is_some(), "{frame:?}");
    frame.field("id").to_owned()
}

async fn two_nodes() -> (Node, Node) {
    let first = Node::start().await;
    let second = Node::on(settings(), first.bus.clone(), Arc::new(first.bus.another_node())).await;
    (first, second)
}

#[tokio::test]
async fn a_ticket_opens_one_stream_in_the_whole_cluster() {
    let (first, second) = two_nodes().await;
    first.publish(&mail(3)).await;
    let ticket = ticket(&first).await;
    let mut stream = open(&second, &ticket, None).await;
    assert_eq!(stream.event().await.data()["changed"]["alice"]["Email"], "3");
    for node in [&first, &second] {
        let refused = open(node, &ticket, None).await;
        let schemes: Vec<_> = refused.headers.get_all("www-authenticate").iter().collect();
        // `Basic` would have a browser ask the person for a password.
        assert_eq!(refused.status, 401);
        assert_eq!(schemes, ["Bearer"]);
    }
    second.publish(&mail(4)).await;
    assert_eq!(stream.event().await.data()["changed"]["alice"]["Email"], "4");
    first.until_metric("pusher_tickets_total 1").await;
}

#[tokio::test]
async fn an_eventsource_comes_back_with_the_tag_in_its_last_id_and_misses_nothing() {
    let (first, second) = two_nodes().await;
    first.publish(&mail(3)).await;
    let ticket = ticket(&first).await;
    let mut stream = open(&first, &ticket, None).await;
    let opening = first_id(&mut stream).await;
    let event = stream.event().await.field("id").to_owned();
    assert!(opening.starts_with('.') && event.ends_with(&opening), "{opening} {event}");
    drop(stream);
    let mut same = open(&second, &ticket, Some(&event)).await;
    assert_eq!(first_id(&mut same).await, event);
    assert_eq!(same.next().await.unwrap().comment(), "up to date");
    first.publish(&mail(4)).await;
    let mut moved = open(&second, &ticket, Some(&event)).await;
    assert_eq!(moved.event().await.data()["changed"]["alice"]["Email"], "4");
    // Lost after the first frame: nothing but the tag.
    let mut early = open(&first, &ticket, Some(&opening)).await;
    assert_eq!(early.event().await.data()["changed"]["alice"]["Email"], "4");
}

#[tokio::test]
async fn a_used_ticket_is_worth_nothing_with_anything_but_its_tag() {
    let node = Node::start().await;
    node.publish(&mail(3)).await;
    let (mine, others) = (ticket(&node).await, ticket(&node).await);
    let mut stream = open(&node, &mine, None).await;
    let id = stream.event().await.field("id").to_owned();
    let (cursor, tag) = id.split_once('.').unwrap();
    let others_id = first_id(&mut open(&node, &others, None).await).await;
    let ids = [cursor, &others_id, &format!("{id}.{tag}"), &format!("{id}A"), tag, ".", ""];
    for id in ids {
        assert_eq!(open(&node, &mine, Some(id)).await.status, 401, "{id}");
    }
    assert_eq!(open(&node, &mine, Some(&id)).await.status, 200);
}

#[tokio::test]
async fn a_ticket_opens_only_the_streams_of_whom_it_was_given_to() {
    let node = Node::start().await;
    node.publish(&mail(3)).await;
    let bobs = ticket_of(&node, &bearer("bob", Duration::from_secs(600))).await;
    let alices = node.open("/events/").await.event().await.field("id").to_owned();
    let mut stream = open(&node, &bobs, Some(&alices)).await;
    assert!(first_id(&mut stream).await.starts_with('.'));
    assert_eq!(stream.next().await.unwrap().comment(), "the state is not known yet");
}

#[tokio::test]
async fn an_unused_ticket_is_gone_after_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new(UnixMillis(kit::clock::unix_millis()));
    let surroundings = Surroundings { clock: Arc::new(clock.clone()), ..Surroundings::default() };
    let path = folder.path().join("bus.db");
    let bus = LocalBus::open_in(&path, LocalBusSettings::default(), surroundings).unwrap();
    let node = Node::on(settings(), bus.clone(), Arc::new(bus)).await;
    let (used, unused) = (ticket(&node).await, ticket(&node).await);
    let id = first_id(&mut open(&node, &used, None).await).await;
    clock.advance(MINUTE);
    assert_eq!(open(&node, &unused, None).await.status, 401);
    assert_eq!(open(&node, &used, Some(&id)).await.status, 200);
    // The token was good for ten minutes.
    clock.advance(9 * MINUTE);
    assert_eq!(open(&node, &used, Some(&id)).await.status, 401);
}

#[tokio::test]
async fn a_ticket_stands_above_other_credentials_and_nonsense_is_none() {
    let node = Node::start().await;
    for nonsense in ["", "x", &"A".repeat(43), &"A".repeat(4000)] {
        let answer = node.open(&format!("/events/?ticket={nonsense}")).await;
        assert_eq!(answer.status, 401, "{nonsense}");
    }
}

#[tokio::test]
async fn without_the_bus_there_is_no_ticket_and_a_ticket_is_not_refused() {
    let inner = LocalBus::in_memory(LocalBusSettings::default()).unwrap();
    let flaky = FlakyBus::new(inner.clone());
    let node = Node::on(settings(), inner, flaky.clone()).await;
    let ticket = ticket(&node).await;
    flaky.buckets_are_away.store(true, std::sync::atomic::Ordering::SeqCst);
    let credential = bearer("alice", Duration::from_secs(600));
    let answer = ask(&node, &[("authorization", &credential)]).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("10")));
    let mut stream = open(&node, &ticket, None).await;
    assert_eq!(stream.status, 200);
    assert!(stream.next().await.unwrap().retry().is_some());
    flaky.buckets_are_away.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(open(&node, &ticket, None).await.status, 200);
}

#[tokio::test]
async fn a_page_of_a_listed_origin_may_ask_for_tickets_and_only_by_post() {
    const PAGE: &str = "https://mail.example.org";
    let mut shared = settings();
    shared.cors.origins = vec![PAGE.to_owned()];
    let node = Node::with(shared).await;
    let asks = [("origin", PAGE), ("access-control-request-method", "POST")];
    let preflight = Client::send(&http1(), Method::OPTIONS, node.address, "/events/ticket", &asks).await;
    assert_eq!((preflight.status, preflight.header("access-control-allow-methods")), (204, Some("POST")));
    assert_eq!(preflight.header("access-control-allow-origin"), Some(PAGE));
    let credential = bearer("alice", Duration::from_secs(600));
    let answer = ask(&node, &[("origin", PAGE), ("authorization", &credential)]).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (201, Some(PAGE)));
    assert_eq!(ask(&node, &[("origin", PAGE)]).await.status, 401);
    let get = Client::get(node.address, "/events/ticket", &[]).await;
    assert_eq!((get.status, get.header("allow")), (405, Some("POST, OPTIONS")));
}
