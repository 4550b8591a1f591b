//! Streams that share a connection of HTTP/2.

use std::time::Duration;

use reqwest::Method;

use crate::{
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
