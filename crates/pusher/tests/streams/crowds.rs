//! Accounts and addresses with more streams than they may have.

use crate::support::{
    Node,
    client::{Client, Frame, http1},
    mail,
    mail_server::{ALICE, MailServer},
    settings, upstream,
};
use reqwest::Method;

const HERE: (&str, &str) = ("x-forwarded-for", "203.0.113.5");
const THERE: (&str, &str) = ("x-forwarded-for", "203.0.113.6");

fn last_retry(frames: &[Frame]) -> u64 {
    frames.iter().filter_map(Frame::retry).next_back().unwrap()
}

#[tokio::test]
async fn an_account_with_too_many_streams_is_told_one_state_and_comes_back_later() {
    let mut small = settings();
    small.limits.streams_per_account = 2;
    let node = Node::with(small).await;
    node.publish(&mail(5)).await;
    let (first, _second) = (node.open("/events/").await, node.open("/events/").await);
    let mut third = node.open("/events/").await;
    assert_eq!(third.status, 200);
    let frames = third.rest().await;
    assert!(frames.iter().any(|frame| frame.field("event") == "push" && frame.data()["mailModSeq"] == 5));
    assert!((30_000..=60_000).contains(&last_retry(&frames)), "{frames:?}");
    node.until_metric("pusher_over_limit_total{limit=\"account\"} 1").await;
    let bob = crate::support::bearer("bob", std::time::Duration::from_secs(60));
    let mut other = Client::get(node.address, "/events/", &[("authorization", &bob)]).await;
    assert!(other.next().await.unwrap().retry().unwrap() < 30_000);
    drop(first);
    node.until_metric("pusher_streams 2").await;
    node.open("/events/").await.event().await;
}

#[tokio::test]
async fn a_crowded_address_does_not_reach_the_mail_server() {
    let server = MailServer::start().await;
    let mut small = settings();
    small.limits.streams_per_address = 1;
    small.credentials = vec![upstream(server.session_url())];
    let node = Node::with(small).await;
    let fields = [("authorization", ALICE), HERE];
    let _first = Client::get(node.address, "/events/", &fields).await;
    assert_eq!(server.sessions(), 1);
    for credential in [ALICE, "Basic bm9ib2R5Om5vdGhpbmc="] {
        let mut second = Client::get(node.address, "/events/", &[("authorization", credential), HERE]).await;
        assert_eq!(second.status, 200);
        let frames = second.rest().await;
        assert!((30_000..=60_000).contains(&last_retry(&frames)), "{frames:?}");
        assert_eq!(frames[1].comment(), "there are too many streams of this address");
    }
    let ticket = Client::send(&http1(), Method::POST, node.address, "/events/ticket", &fields).await;
    assert_eq!(ticket.status, 429);
    assert_eq!(server.sessions(), 1);
    node.until_metric("pusher_over_limit_total{limit=\"address\"} 3").await;
    let other = [("authorization", "Basic bm9ib2R5Om5vdGhpbmc="), THERE];
    assert_eq!(Client::get(node.address, "/events/", &other).await.status, 401);
}

#[tokio::test]
async fn places_are_given_back_by_streams_that_end_and_by_refusals() {
    let mut small = settings();
    small.limits.streams_per_address = 1;
    let node = Node::with(small).await;
    node.publish(&mail(5)).await;
    for _ in 0..3 {
        assert_eq!(Client::get(node.address, "/events/", &[HERE]).await.status, 401);
        let mut stream = node.open_with("/jmap/eventsource/?closeafter=state", &[HERE]).await;
        assert!(stream.rest().await.iter().any(|frame| frame.field("event") == "state"));
        node.until_metric("pusher_streams 0").await;
    }
}

#[tokio::test]
async fn what_is_only_known_to_come_from_a_proxy_is_not_counted() {
    let mut small = settings();
    small.limits.streams_per_address = 1;
    let node = Node::with(small).await;
    node.publish(&mail(5)).await;
    let (mut first, mut second) = (node.open("/events/").await, node.open("/events/").await);
    first.event().await;
    second.event().await;
}

#[tokio::test]
async fn who_connects_and_says_nothing_keeps_nobody_out() {
    let mut small = settings();
    small.limits.connections_per_address = 2;
    small.limits.head_timeout = std::time::Duration::from_secs(3600);
    small.trusted_proxies = Vec::new();
    let node = Node::with(small).await;
    let connect = || tokio::net::TcpStream::connect(node.address);
    let _silent = (connect().await.unwrap(), connect().await.unwrap());
    let mut third = connect().await.unwrap();
    let read = tokio::io::AsyncReadExt::read(&mut third, &mut [0; 8]).await;
    assert!(matches!(read, Ok(0) | Err(_)), "it is closed at once: {read:?}");
    node.until_metric("pusher_over_limit_total{limit=\"connections\"} 1").await;
}
