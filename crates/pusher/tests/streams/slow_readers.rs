//! Readers that do not read.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
    time::timeout,
};

use crate::support::{Node, PATIENCE, bearer, client::Client, mail, settings};

const CHANGES: u64 = 10_000;
/// Changes after which a stream that takes any has taken one.
const FILLING: u64 = 200;
/// hyper's buffer, and those of the kernel for both ends.
const MOST_KEPT: usize = 64 << 10;

/// Asks for a stream over a socket with a small window and reads nothing.
pub async fn sleeper(node: &Node) -> tokio::net::TcpStream {
    sleeper_for(node, Duration::from_secs(600)).await
}

async fn sleeper_for(node: &Node, lasts: Duration) -> tokio::net::TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut sleeper = socket.connect(node.address).await.unwrap();
    let bearer = bearer("alice", lasts);
    let head = format!("GET /events/ HTTP/1.1\r\nhost: x\r\nauthorization: {bearer}\r\n\r\n");
    sleeper.write_all(head.as_bytes()).await.unwrap();
    sleeper
}

/// Publishes until the streams, which nobody reads, take no more.
pub async fn fill(node: &Node) {
    assert!(!node.metrics().contains("pusher_streams 0\n"));
    let mut modseq = 1;
    let mut written = u64::MAX;
    // Each round would be at least one frame.
    while written != node.frames() {
        written = node.frames();
        for _ in 0..FILLING {
            modseq += 1;
            node.publish(&mail(modseq)).await;
        }
    }
}

async fn read_until(socket: &mut tokio::net::TcpStream, what: &str) -> String {
    let (mut text, mut buffer) = (String::new(), vec![0; 16 << 10]);
    while !text.contains(what) {
        let read = timeout(PATIENCE, socket.read(&mut buffer)).await.expect("nothing comes").unwrap();
        assert_ne!(read, 0, "the stream is over");
        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    text
}

#[tokio::test]
async fn slow_reader_converges_without_being_disconnected_and_costs_a_constant() {
    let node = Node::start().await;
    node.publish(&mail(1)).await;
    let mut sleeper = sleeper(&node).await;
    let mut reader: Client = node.open("/events/").await;
    node.until_metric("pusher_streams 2").await;
    for modseq in 2..=CHANGES {
        node.publish(&mail(modseq)).await;
    }
    while reader.event().await.data()["mailModSeq"] != CHANGES {}
    let text = read_until(&mut sleeper, &format!("\"mailModSeq\":{CHANGES},")).await;
    // What had been written when its buffers were full, then one event for all the rest.
    assert!(text.len() < MOST_KEPT, "{} octets were kept for a reader that did not read", text.len());
    node.publish(&mail(CHANGES + 1)).await;
    read_until(&mut sleeper, &format!("\"mailModSeq\":{},", CHANGES + 1)).await;
}

#[tokio::test]
async fn alerts_that_a_slow_reader_missed_are_counted_to_it() {
    let node = Node::start().await;
    node.publish(&mail(1)).await;
    let mut sleeper = sleeper(&node).await;
    let mut reader = node.open("/events/").await;
    reader.event().await;
    node.until_metric("pusher_streams 2").await;
    for uid in 1..=CHANGES {
        node.alert(uid).await;
    }
    let text = read_until(&mut sleeper, &format!("\"uid\":\"alert {CHANGES}\"")).await;
    let seen = text.matches("event: calendarAlert").count() as u64;
    let missed: u64 = text
        .split("event: missed\ndata: {\"count\":")
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap().parse::<u64>().unwrap())
        .sum();
    assert!(missed > 0);
    assert_eq!(seen + missed, CHANGES);
}

#[tokio::test]
async fn a_reader_that_sleeps_past_the_heartbeats_is_told_the_last_state() {
    let mut lively = settings();
    lively.pace.heartbeat = Duration::from_millis(5);
    lively.limits.head_timeout = Duration::from_millis(50);
    let node = Node::with(lively).await;
    node.publish(&mail(1)).await;
    let mut sleeper = sleeper(&node).await;
    node.until_metric("pusher_streams 1").await;
    fill(&node).await;
    // As long as the connection may be idle, many times over.
    let mut reader = node.open("/events/").await;
    for _ in 0..100 {
        reader.next().await.unwrap();
    }
    drop(reader);
    node.until_metric("pusher_streams 1").await;
    node.publish(&mail(CHANGES * 10)).await;
    read_until(&mut sleeper, &format!("\"mailModSeq\":{},", CHANGES * 10)).await;
}

#[tokio::test]
async fn a_stream_that_nobody_reads_ends_with_its_credential() {
    let node = Node::start().await;
    node.publish(&mail(1)).await;
    let _sleeper = sleeper_for(&node, Duration::from_secs(3)).await;
    node.until_metric("pusher_streams 1").await;
    fill(&node).await;
    node.until_metric("pusher_streams 0").await;
    node.until_metric("pusher_connections 0").await;
}
