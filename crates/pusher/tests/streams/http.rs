//! HTTP: header fields, refusals and bounds.

use std::{net::SocketAddr, time::Duration};

use reqwest::Method;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::{
    Node, PATIENCE, bearer,
    client::{Client, http1},
    mail, settings,
};

/// Sends octets and reads until the server closes.
async fn say(address: SocketAddr, octets: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    // The server may close before it has read everything.
    socket.write_all(octets).await.ok();
    let mut answer = Vec::new();
    timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("the server does not close").ok();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn streams_carry_the_fields_that_keep_proxies_from_holding_them_back() {
    let node = Node::start().await;
    node.publish(&mail(1)).await;
    let stream = node.open("/events/").await;
    assert_eq!(stream.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert_eq!(stream.header("cache-control"), Some("no-store, no-transform"));
    assert_eq!(stream.header("x-accel-buffering"), Some("no"));
    // The stream ends with the connection, so nothing stands between its frames.
    assert_eq!((stream.header("connection"), stream.header("transfer-encoding")), (Some("close"), None));
    assert_eq!(stream.header("content-encoding"), None);
    let vary: Vec<_> = stream.headers.get_all("vary").iter().map(|vary| vary.to_str().unwrap()).collect();
    assert_eq!(vary, ["Authorization, Cookie", "Origin"]);
}

#[tokio::test]
async fn bad_parameters_are_answered_with_a_sentence() {
    let node = Node::start().await;
    for (query, sentence) in [
        ("types=", "types must be * or names with commas between\n"),
        ("closeafter=soon", "closeafter must be no or state\n"),
        ("ping=often", "ping must be a whole number of seconds\n"),
        ("types=%ff", "a parameter is not percent-encoded text\n"),
    ] {
        let answer = node.open(&format!("/jmap/eventsource/?{query}")).await;
        assert_eq!((answer.status, answer.header("content-type")), (400, Some("text/plain; charset=utf-8")));
        assert_eq!(answer.text().await, sentence);
    }
}

#[tokio::test]
async fn other_paths_methods_and_bodies_are_refused() {
    let node = Node::start().await;
    assert_eq!(node.open("/nowhere").await.status, 404);
    for method in [Method::HEAD, Method::POST, Method::DELETE] {
        let answer = Client::send(&http1(), method, node.address, "/events/", &[]).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, OPTIONS")));
    }
    let bearer = bearer("alice", Duration::from_secs(600));
    let endless = format!(
        "GET /events/ HTTP/1.1\r\nhost: x\r\nauthorization: {bearer}\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let answer = say(node.address, format!("{endless}5\r\nhello\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[tokio::test]
async fn heads_that_are_too_large_are_cut_off() {
    let node = Node::start().await;
    let long = format!("GET /events/ HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "a".repeat(20 << 10));
    let answer = say(node.address, long.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let many = format!("GET /events/ HTTP/1.1\r\nhost: x\r\n{}\r\n", "x-field: 1\r\n".repeat(80));
    let answer = say(node.address, many.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let target = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(20 << 10));
    let answer = say(node.address, target.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 414 ") || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let answer = say(node.address, b"\x16\x03\x01 this is no HTTP\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[tokio::test]
async fn connections_that_ask_nothing_are_closed() {
    let mut hasty = settings();
    hasty.limits.head_timeout = Duration::from_millis(50);
    let node = Node::with(hasty).await;
    let (nothing, late, settings_alone) = ("", "HTTP/1.1 408 ", "\0\0\u{18}\u{4}\0");
    for (octets, expected) in [
        ("", nothing),
        ("P", late),
        ("PRI * HTTP/2.0\r\n", late),
        ("GET /events/ HTTP/1.1\r\nhost: ", late),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", settings_alone),
    ] {
        let answer = say(node.address, octets.as_bytes()).await;
        assert!(answer.starts_with(expected), "{octets:?}: {answer:?}");
        assert_eq!(answer.is_empty(), expected.is_empty(), "{octets:?}: {answer:?}");
    }
    node.until_metric("pusher_connections 0").await;
}

#[tokio::test]
async fn a_stream_outlives_the_time_for_its_head() {
    let mut hasty = settings();
    hasty.limits.head_timeout = Duration::from_millis(50);
    hasty.pace.heartbeat = Duration::from_millis(40);
    let node = Node::with(hasty).await;
    node.publish(&mail(1)).await;
    let mut stream = node.open("/events/").await;
    stream.event().await;
    for _ in 0..5 {
        assert_eq!(stream.next().await.unwrap().comment(), "still here");
    }
}

#[tokio::test]
async fn pages_of_listed_origins_may_open_streams_and_read_errors() {
    const PAGE: &str = "https://mail.example.org";
    let mut shared = settings();
    shared.cors.origins = vec![PAGE.to_owned()];
    let node = Node::with(shared).await;
    let asks = [("origin", PAGE), ("access-control-request-method", "GET")];
    let preflight = Client::send(&http1(), Method::OPTIONS, node.address, "/events/", &asks).await;
    assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (204, Some(PAGE)));
    let fields = Some("Authorization, Last-Event-ID, Cache-Control");
    assert_eq!(preflight.header("access-control-allow-headers"), fields);
    assert_eq!(
        node.open_with("/events/", &[("origin", PAGE)]).await.header("access-control-allow-origin"),
        Some(PAGE)
    );
    let refused = Client::get(node.address, "/events/", &[("origin", PAGE)]).await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (401, Some(PAGE)));
    let other = node.open_with("/events/", &[("origin", "https://other.example")]).await;
    assert_eq!((other.status, other.header("access-control-allow-origin")), (200, None));
}
