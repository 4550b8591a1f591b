//! Streams that share a connection of HTTP/2.

use std::time::{Duration, SystemTime};

use reqwest::Method;

use crate::{
    revoking::issued,
    slow_readers::fill,
    support::{
        Node, bearer,
        client::{Client, http2, http2_with_window},
        mail, settings,
    },
};

async fn open(client: &reqwest::Client, node: &Node, lasts: Duration) -> Client {
    let bearer = bearer("alice", lasts);
    Client::send(client, Method::GET, node.address, "/events/", &[("authorization", &bearer)]).await
}

#[tokio::test]
async fn a_stream_whose_window_is_closed_ends_with_its_credential_and_no_other_does() {
    let node = Node::start().await;
    node.publish(&mail(1)).await;
    let client = http2_with_window(1 << 10);
    let mut other = open(&client, &node, Duration::from_secs(600)).await;
    let _closed = open(&client, &node, Duration::from_secs(3)).await;
    node.until_metric("pusher_streams 2").await;
    fill(&node).await;
    node.until_metric("pusher_streams 1").await;
    node.publish(&mail(1_000_000)).await;
    while other.event().await.data()["mailModSeq"] != 1_000_000 {}
    node.until_metric("pusher_connections 1").await;
}

#[tokio::test]
async fn a_connection_without_a_stream_is_closed_and_one_with_a_silent_stream_is_not() {
    let mut hasty = settings();
    hasty.limits.head_timeout = Duration::from_millis(50);
    hasty.pace.heartbeat = Duration::from_millis(200);
    let node = Node::with(hasty).await;
    node.publish(&mail(1)).await;
    let client = http2();
    let mut stream = open(&client, &node, Duration::from_secs(600)).await;
    stream.event().await;
    for _ in 0..3 {
        assert_eq!(stream.next().await.unwrap().comment(), "still here");
    }
    node.until_metric("pusher_connections 1").await;
    drop(stream);
    // The client would keep it for another request.
    node.until_metric("pusher_connections 0").await;
}

#[tokio::test]
async fn heads_have_the_bounds_of_http1() {
    let node = Node::start().await;
    let (client, bearer) = (http2(), bearer("alice", Duration::from_secs(60)));
    let names: Vec<String> = (0..65).map(|number| format!("x-{number}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    let twice = [("authorization", bearer.as_str()), ("authorization", "Bearer other")];
    let long = format!("/events/?{}", "x".repeat(8 << 10));
    for (path, fields, status) in
        [("/events/", &many[..], 431), ("/events/", &twice[..], 400), (long.as_str(), &[][..], 414)]
    {
        let answer = Client::send(&client, Method::GET, node.address, path, fields).await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn a_stream_whose_window_is_closed_ends_when_it_is_revoked_and_leaves_its_place() {
    let mut narrow = settings();
    narrow.limits.streams_per_account = 1;
    let node = Node::with(narrow).await;
    node.publish(&mail(1)).await;
    let client = http2_with_window(1 << 10);
    let mut closed = open(&client, &node, Duration::from_secs(600)).await;
    fill(&node).await;
    node.revoker.revoke("alice", SystemTime::now()).await.unwrap();
    node.until_metric("pusher_streams 0").await;
    // The others of the connection go on, and the place is another's.
    let newer = issued(SystemTime::now() + Duration::from_secs(60));
    let fields = [("authorization", newer.as_str())];
    let mut next = Client::send(&client, Method::GET, node.address, "/events/", &fields).await;
    next.event().await;
    node.until_metric("pusher_connections 1").await;
    assert!(closed.is_reset().await, "and not left open, nor ended as if all had been said");
}
