//! HTTP/1.1 octet by octet: one request, one answer, the end.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::{Node, PATIENCE, bearer, mail, settings};

fn stream_head(version: &str) -> String {
    let bearer = bearer("alice", Duration::from_secs(600));
    format!("GET /events/ HTTP/{version}\r\nhost: x\r\nauthorization: {bearer}\r\n\r\n")
}

async fn connected(node: &Node, octets: &[u8]) -> TcpStream {
    let mut socket = TcpStream::connect(node.address).await.unwrap();
    socket.write_all(octets).await.unwrap();
    socket
}

/// Everything until the server ends the connection in order; a reset is a failure.
async fn rest(socket: &mut TcpStream) -> String {
    let mut octets = Vec::new();
    timeout(PATIENCE, socket.read_to_end(&mut octets)).await.expect("the server does not close").unwrap();
    String::from_utf8(octets).unwrap()
}

async fn read_until(socket: &mut TcpStream, what: &str) -> String {
    let mut octets = Vec::new();
    while !String::from_utf8_lossy(&octets).contains(what) {
        let read = timeout(PATIENCE, socket.read_buf(&mut octets)).await.expect("nothing comes").unwrap();
        assert_ne!(read, 0, "no {what:?} in {:?}", String::from_utf8_lossy(&octets));
    }
    String::from_utf8(octets).unwrap()
}

#[tokio::test]
async fn a_stream_comes_as_it_is_to_clients_of_both_versions() {
    let node = Node::start().await;
    node.publish(&mail(7)).await;
    for version in ["1.0", "1.1"] {
        let mut socket = connected(&node, stream_head(version).as_bytes()).await;
        let text = read_until(&mut socket, "\"contactsModSeq\":0}\n\n").await;
        let (head, frames) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("\r\nconnection: close"), "{head}");
        assert!(head.contains("\r\ndate: ") && !head.contains("transfer-encoding"), "{head}");
        assert!(frames.starts_with("retry: ") && frames.contains("\n\nevent: push\nid: "), "{frames}");
    }
}

#[tokio::test]
async fn a_connection_carries_one_request() {
    let node = Node::start().await;
    let two = "GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\nGET /events/ HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut socket = connected(&node, two.as_bytes()).await;
    let answer = rest(&mut socket).await;
    assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
}

#[tokio::test]
async fn wrong_heads_are_answered_with_a_sentence() {
    let node = Node::start().await;
    for (head, status, sentence) in [
        ("GET /events/ HTTP/1.1\r\n\r\n", "400 Bad Request", "a request has one Host\n"),
        ("GET /events/ HTTP/1.1\nhost: x\n\n", "400 Bad Request", "this is no request of HTTP/1.1\n"),
        ("PRI * HTTP/2.0\r\n\r\nno preface", "400 Bad Request", "this is no request of HTTP/1.1\n"),
    ] {
        let answer = rest(&mut connected(&node, head.as_bytes()).await).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
        assert!(answer.ends_with(&format!("\r\n\r\n{sentence}")), "{answer}");
    }
}

#[tokio::test]
async fn an_answer_is_not_destroyed_by_octets_that_nobody_reads() {
    let node = Node::start().await;
    for _ in 0..20 {
        let long = format!("GET /events/ HTTP/1.1\r\nhost: x\r\nx-long: {}", "a".repeat(100 << 10));
        let answer = rest(&mut connected(&node, long.as_bytes()).await).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        let body = "a".repeat(100 << 10);
        let posted =
            format!("POST /events/ HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let answer = rest(&mut connected(&node, posted.as_bytes()).await).await;
        assert!(answer.starts_with("HTTP/1.1 405 ") && answer.ends_with("for GET\n"), "{answer}");
    }
}

#[tokio::test]
async fn a_head_that_does_not_end_in_time_is_told_so() {
    let mut hasty = settings();
    hasty.limits.head_timeout = Duration::from_millis(50);
    let node = Node::with(hasty).await;
    let mut socket = connected(&node, b"GET /events/ HTTP/1.1\r\nhost: x\r\n").await;
    let answer = rest(&mut socket).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(rest(&mut connected(&node, b"").await).await, "", "nobody asked anything");
}

#[tokio::test]
async fn a_stream_ends_as_soon_as_its_client_is_gone() {
    let node = Node::start().await;
    node.publish(&mail(1)).await;
    let mut socket = connected(&node, stream_head("1.1").as_bytes()).await;
    read_until(&mut socket, "event: push").await;
    node.until_metric("pusher_streams 1").await;
    drop(socket);
    node.until_metric("pusher_streams 0").await;
    node.until_metric("pusher_connections 0").await;
}

#[tokio::test]
async fn a_client_that_goes_on_talking_loses_its_stream() {
    let node = Node::start().await;
    node.publish(&mail(1)).await;
    let mut socket = connected(&node, stream_head("1.1").as_bytes()).await;
    // A word is overlooked.
    socket.write_all(b"\r\n").await.unwrap();
    read_until(&mut socket, "event: push").await;
    node.publish(&mail(2)).await;
    read_until(&mut socket, "\"mailModSeq\":2,").await;
    socket.write_all(&[b'a'; 8 << 10]).await.unwrap();
    node.until_metric("pusher_streams 0").await;
}

#[tokio::test]
async fn http2_is_understood_in_whatever_pieces_its_preface_comes() {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    /// An empty SETTINGS frame, and its acknowledgement (RFC 9113 §6.5).
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    const ACKNOWLEDGED: [u8; 9] = [0, 0, 0, 4, 1, 0, 0, 0, 0];
    let node = Node::start().await;
    for cut in [1, 3, PREFACE.len() - 1, PREFACE.len(), PREFACE.len() + 4, PREFACE.len() + SETTINGS.len()] {
        let octets = [PREFACE, &SETTINGS].concat();
        let mut socket = connected(&node, &octets[..cut]).await;
        // So that the pieces are read as pieces, most of the time.
        tokio::task::yield_now().await;
        socket.write_all(&octets[cut..]).await.unwrap();
        let mut said = Vec::new();
        while !said.windows(ACKNOWLEDGED.len()).any(|frame| frame == ACKNOWLEDGED) {
            let read = timeout(PATIENCE, socket.read_buf(&mut said)).await.expect("nothing comes").unwrap();
            assert_ne!(read, 0, "the server closed after {said:?}");
        }
    }
}

#[tokio::test]
async fn connections_that_have_asked_nothing_do_not_hold_the_drain() {
    let node = Node::start().await;
    let mut silent = connected(&node, b"").await;
    node.until_metric("pusher_connections 1").await;
    node.drain.begin();
    timeout(Duration::from_secs(5), node.running).await.expect("the drain does not end").unwrap();
    assert_eq!(rest(&mut silent).await, "");
}
