//! What streams say of states.

use state::Counter;

use crate::support::{
    Node,
    client::{Client, http2},
    mail, settings, state,
};

#[tokio::test]
async fn first_bytes_are_retry_and_then_the_state() {
    let node = Node::start().await;
    node.publish(&state(&[(Counter::Mail, 3), (Counter::Calendar, 4), (Counter::Contacts, 5)])).await;
    let mut stream = node.open("/events/").await;
    assert_eq!(stream.status, 200);
    let retry = stream.next().await.unwrap().retry().unwrap();
    assert!((2400..=3600).contains(&retry), "{retry}");
    let first = stream.next().await.unwrap();
    assert_eq!(first.field("event"), "push");
    assert_eq!(first.field("data"), r#"{"mailModSeq":3,"calendarModSeq":4,"contactsModSeq":5}"#);
    assert!(!first.field("id").is_empty());
}

#[tokio::test]
async fn every_change_reaches_both_forms_of_stream() {
    let node = Node::start().await;
    node.publish(&mail(1)).await;
    let mut push = node.open("/events/").await;
    let mut jmap = node.open("/jmap/eventsource/?types=*").await;
    assert_eq!(push.event().await.data()["mailModSeq"], 1);
    let first = jmap.event().await;
    assert_eq!(first.field("event"), "state");
    assert_eq!(first.data()["@type"], "StateChange");
    assert_eq!(first.data()["changed"]["alice"]["Calendar"], "0");
    node.publish(&mail(2)).await;
    assert_eq!(push.event().await.data()["mailModSeq"], 2);
    let second = jmap.event().await.data();
    let expected = serde_json::json!({"alice": {"Email": "2", "Mailbox": "2", "Thread": "2"}});
    assert_eq!(second["changed"], expected);
}

#[tokio::test]
async fn streams_work_the_same_over_http2_without_a_connection_field() {
    let node = Node::start().await;
    node.publish(&mail(1)).await;
    let bearer = crate::support::bearer("alice", std::time::Duration::from_secs(600));
    let client = http2();
    let fields = [("authorization", bearer.as_str())];
    let mut streams = Vec::new();
    // More than a browser opens over HTTP/1.1, on one connection.
    for _ in 0..20 {
        let stream = Client::send(&client, reqwest::Method::GET, node.address, "/events/", &fields).await;
        assert_eq!((stream.status, stream.header("connection")), (200, None));
        streams.push(stream);
    }
    for stream in &mut streams {
        assert_eq!(stream.event().await.data()["mailModSeq"], 1);
    }
    node.until_metric("pusher_connections 1").await;
    node.publish(&mail(2)).await;
    for stream in &mut streams {
        assert_eq!(stream.event().await.data()["mailModSeq"], 2);
    }
}

#[tokio::test]
async fn accounts_hear_nothing_of_each_other() {
    let node = Node::start().await;
    node.publish(&mail(1)).await;
    let bob = crate::support::bearer("bob", std::time::Duration::from_secs(600));
    let mut stream = Client::get(node.address, "/events/", &[("authorization", &bob)]).await;
    assert!(stream.next().await.unwrap().retry().is_some());
    assert_eq!(stream.next().await.unwrap().comment(), "the state is not known yet");
    node.publish(&mail(2)).await;
    let mut bobs = state(&[(Counter::Mail, 99)]);
    bobs.account = mailbox_event::Account::parse("bob@example.org").unwrap();
    node.publish(&bobs).await;
    assert_eq!(stream.event().await.data()["mailModSeq"], 99);
}

#[tokio::test]
async fn an_older_value_moves_nothing_backwards() {
    let node = Node::start().await;
    node.publish(&mail(10)).await;
    let mut stream = node.open("/events/").await;
    assert_eq!(stream.event().await.data()["mailModSeq"], 10);
    node.publish(&mail(5)).await;
    node.publish(&state(&[(Counter::Calendar, 6)])).await;
    let next = stream.event().await.data();
    assert_eq!((&next["mailModSeq"], &next["calendarModSeq"]), (&10.into(), &6.into()));
}

#[tokio::test]
async fn stream_closes_after_one_state_when_asked_to() {
    let node = Node::start().await;
    node.publish(&mail(10)).await;
    let mut stream = node.open("/jmap/eventsource/?types=Email&closeafter=state&ping=0").await;
    let id = stream.event().await.field("id").to_owned();
    assert_eq!(stream.next().await, None);
    let fields = [("last-event-id", id.as_str())];
    let mut stream = node.open_with("/jmap/eventsource/?types=Email&closeafter=state", &fields).await;
    node.publish(&mail(11)).await;
    assert_eq!(stream.event().await.data()["changed"]["alice"]["Email"], "11");
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn silence_is_broken_by_heartbeats() {
    let mut quick = settings();
    quick.pace.heartbeat = std::time::Duration::from_millis(20);
    let node = Node::with(quick).await;
    node.publish(&mail(10)).await;
    let mut stream = node.open("/events/").await;
    stream.event().await;
    for _ in 0..3 {
        assert_eq!(stream.next().await.unwrap().comment(), "still here");
    }
}

#[tokio::test]
async fn the_last_stream_that_leaves_takes_the_account_off_the_bus() {
    let one = bus_local::LocalBusSettings { max_key_registrations: 1, ..Default::default() };
    let node = Node::bounded(settings(), one).await;
    node.publish(&mail(1)).await;
    let (mut first, mut second) = (node.open("/events/").await, node.open("/events/").await);
    first.event().await;
    second.event().await;
    drop(first);
    node.until_metric("pusher_streams 1").await;
    node.publish(&mail(2)).await;
    assert_eq!(second.event().await.data()["mailModSeq"], 2);
    drop(second);
    node.until_metric("pusher_streams 0").await;
    // The bus has room for one account, and would not take this one beside Alice.
    let bob = crate::support::bearer("bob", std::time::Duration::from_secs(600));
    let mut stream = Client::get(node.address, "/events/", &[("authorization", &bob)]).await;
    let mut bobs = state(&[(Counter::Mail, 99)]);
    bobs.account = mailbox_event::Account::parse("bob@example.org").unwrap();
    node.publish(&bobs).await;
    assert_eq!(stream.event().await.data()["mailModSeq"], 99);
    node.until_metric("pusher_bus_failures_total 0").await;
}

#[tokio::test]
async fn what_cannot_be_decoded_is_counted_and_harms_no_stream() {
    use bus::Bus;
    let node = Node::start().await;
    node.publish(&mail(1)).await;
    let mut stream = node.open("/events/").await;
    stream.event().await;
    let account = crate::support::token(&crate::support::alice());
    let topic = bus::Topic::Live(account, bus::LiveKind::CalendarAlert);
    let id = mailbox_event::EventId { relay: mailbox_event::RelayId(9), sequence: 1 };
    let message = bus::Message { id, topic, payload: bytes::Bytes::from_static(b"\x01nonsense") };
    node.bus.dispatch(message, &[bus::Key(account)]).await.unwrap();
    node.until_metric("pusher_undecodable_total 1").await;
    node.publish(&mail(2)).await;
    assert_eq!(stream.event().await.data()["mailModSeq"], 2);
}
