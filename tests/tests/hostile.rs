//! What is sent to do harm: to pusher itself, and through each proxy. Tables: what it is called, what is sent, what must
//! come of it.

use std::time::Duration;

use testkit::{
    free_port,
    proxy::{Behind, Kind, Proxy},
    raw::{self, exchange},
    sse::Stream,
    tap::Tap,
};
use tests::{Alone, alone::bearer};
use tokio::{
    io::AsyncReadExt,
    net::TcpStream,
    time::{Instant, interval},
};

const PATIENCE: Duration = Duration::from_secs(20);
/// One event, then the end: whatever is answered with a stream is answered whole.
const ONCE: &str = "/jmap/eventsource/?types=Email&closeafter=state&ping=0";

/// Who attacks, and whose stream must not be seen.
struct People {
    alice: String,
    bob: String,
}

/// A stream that begins where another request ends, or where it does not.
fn smuggled(people: &People) -> String {
    format!(
        "GET {ONCE} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\nConnection: close\r\n\r\n",
        people.bob
    )
}

/// A request of alice's for one event with further `fields`, and what follows its head.
fn request(people: &People, fields: &str, rest: &str) -> String {
    format!("GET {ONCE} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\n{fields}\r\n{rest}", people.alice)
}

/// Requests whose end two readers may see in two places (RFC 9112 §11.2): name, octets.
fn ambiguous(people: &People) -> Vec<(&'static str, String)> {
    let inner = smuggled(people);
    let length = inner.len();
    let chunk = format!("0\r\n\r\n{inner}");
    let both = |te: &str| format!("Content-Length: {}\r\n{te}\r\n", chunk.len());
    let fields = |name, fields: &str, rest: &str| (name, request(people, fields, rest));
    vec![
        fields("both lengths, chunked last", &both("Transfer-Encoding: chunked"), &chunk),
        fields(
            "both lengths, chunked first",
            &format!("Transfer-Encoding: chunked\r\nContent-Length: {}\r\n", chunk.len()),
            &chunk,
        ),
        fields("a space before the colon", &both("Transfer-Encoding : chunked"), &chunk),
        fields("a vertical tab before chunked", &both("Transfer-Encoding: \x0bchunked"), &chunk),
        fields("chunked in another word", &both("Transfer-Encoding: xchunked"), &chunk),
        fields("chunked twice", &both("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), &chunk),
        fields("chunked is not the last", &both("Transfer-Encoding: chunked, identity"), &chunk),
        fields("a folded line", &both("Transfer-Encoding:\r\n chunked"), &chunk),
        fields("two lengths", &format!("Content-Length: 0\r\nContent-Length: {length}\r\n"), &inner),
        fields("two lengths in one field", &format!("Content-Length: 0, {length}\r\n"), &inner),
        fields("a length with a sign", &format!("Content-Length: +{length}\r\n"), &inner),
        fields("a length in hexadecimal", &format!("Content-Length: 0x{length:x}\r\n"), &inner),
        fields("a length beyond all numbers", "Content-Length: 18446744073709551616\r\n", &inner),
        fields(
            "a chunk beyond all numbers",
            "Transfer-Encoding: chunked\r\n",
            &format!("FFFFFFFFFFFFFFFF1\r\n{inner}"),
        ),
        fields("a NUL in a field", "X: a\0b\r\n", &inner),
        fields("a bare carriage return in a field", "X: a\rContent-Length: 9\r\n", &inner),
    ]
}

/// Requests that say where they end, with more behind: each reader must see the same.
fn followed(people: &People) -> Vec<(&'static str, String)> {
    let inner = smuggled(people);
    vec![
        (
            "a body that is a request",
            request(people, &format!("Content-Length: {}\r\n", inner.len()), &inner),
        ),
        (
            "a body, and a request behind it",
            request(people, "Content-Length: 4\r\n", &format!("body{inner}")),
        ),
        (
            "a chunk that is a request",
            request(
                people,
                "Transfer-Encoding: chunked\r\n",
                &format!("{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len()),
            ),
        ),
        ("lines that end in a bare line feed", request(people, "", &inner).replace("\r\n", "\n")),
        ("two requests at once", request(people, "", &inner)),
    ]
}

async fn with_changes() -> (Alone, People) {
    let alone = Alone::start().await;
    alone.change("alice", 7001).await;
    alone.change("bob", 8001).await;
    let people = People { alice: bearer("alice"), bob: bearer("bob") };
    for (who, modseq) in [(&people.alice, "7001"), (&people.bob, "8001")] {
        let mut stream = Stream::connect(&alone.url(ONCE), &[("Authorization", who)]).await;
        let data = stream.next_event(PATIENCE).await.data.unwrap_or_default();
        assert!(data.contains(modseq), "{data}");
    }
    (alone, people)
}

#[tokio::test(flavor = "multi_thread")]
async fn pusher_refuses_what_has_two_ends_and_reads_nothing_behind_it() {
    let (alone, people) = with_changes().await;
    for (name, octets) in ambiguous(&people) {
        let answer = exchange(alone.port(), octets.as_bytes(), PATIENCE).await;
        assert!(answer.is_closed, "{name}: the connection stays open");
        assert!(matches!(answer.statuses()[..], [] | [400 | 501]), "{name}: {:?}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pusher_takes_no_body_for_a_request() {
    let (alone, people) = with_changes().await;
    for (name, octets) in followed(&people).into_iter().take(3) {
        let answer = exchange(alone.port(), octets.as_bytes(), PATIENCE).await;
        assert_eq!(answer.statuses(), [400], "{name}: {:?}", answer.text());
        assert!(!answer.text().contains("8001"), "{name}: {:?}", answer.text());
    }
}

/// Whether what a proxy passed is what pusher read: one request on each connection.
fn one_request_each(tap: &Tap, from: usize) -> bool {
    tap.passed()[from..].iter().all(|passed| raw::statuses(&passed.answered).len() <= 1)
}

async fn attack(kind: Kind) {
    let (alone, people) = with_changes().await;
    let tap = Tap::to(alone.port()).await;
    let proxy = Proxy::start(kind, Behind { pusher: tap.port(), mail: free_port() }).await;
    let refused = ambiguous(&people).into_iter().map(|(name, octets)| (name, octets, true));
    let followed = followed(&people).into_iter().map(|(name, octets)| (name, octets, false));
    for (name, octets, is_refused) in refused.chain(followed) {
        let before = tap.connections();
        let answer = exchange(proxy.port(), octets.as_bytes(), PATIENCE).await;
        let asked = tap.connections() - before;
        let statuses = answer.statuses();
        // A body that breaks off may look to Caddy as if pusher had.
        let may_be_stream = !is_refused || answer.text().contains("mailpush is away");
        let is_well = |status: &u16| matches!(status, 400 | 501) || may_be_stream && *status == 200;
        assert!(!statuses.is_empty() && statuses.iter().all(is_well), "{kind:?}, {name}: {}", answer.text());
        assert!(answer.is_closed, "{kind:?}, {name}: the connection stays open");
        assert!(one_request_each(&tap, before), "{kind:?}, {name}: a connection carried two requests");
        // Every stream was asked for by the proxy itself, and the first answer is never somebody else's.
        let text = answer.text();
        let own_answers = text.matches("mailpush is away").count();
        let streams = statuses.iter().filter(|status| **status == 200).count();
        assert!(streams <= asked + own_answers, "{kind:?}, {name}: {text:?}");
        let first = text.split("HTTP/1.1 ").nth(1).unwrap_or_default();
        assert!(!first.contains("8001"), "{kind:?}, {name}: {text}");
        // Nor is the next client given what was meant for this one.
        let mut next = Stream::connect(&proxy.url(ONCE), &[("Authorization", &people.bob)]).await;
        let data = next.next_event(PATIENCE).await.data.unwrap_or_default();
        assert!(data.contains("8001") && !data.contains("7001"), "{kind:?}, after {name}: {data}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_proxy_passes_one_request_that_pusher_takes_for_two() {
    tokio::join!(attack(Kind::Nginx), attack(Kind::Haproxy), attack(Kind::Caddy));
}

/// What is too much of something: name, octets, and what pusher may answer. Closing without a word is as good.
fn bombs(people: &People) -> Vec<(&'static str, String, &'static [u16])> {
    let long = "a".repeat(64 << 10);
    let many: String = (0..2000).map(|n| format!("X-{n}: 1\r\n")).collect();
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let fields = |fields: &str| request(people, fields, "");
    vec![
        ("a long target", get(&format!("/events/{long}")), &[400, 404, 414, 431]),
        ("a long query", get(&format!("{ONCE}&x={long}")), &[400, 414, 431]),
        ("a target that never ends", format!("GET /{}", long.repeat(4)), &[400, 414, 431]),
        ("a method that never ends", long.repeat(4), &[400, 414, 431, 501]),
        ("a long field", fields(&format!("X: {long}\r\n")), &[400, 431]),
        ("a long name of a field", fields(&format!("{long}: x\r\n")), &[400, 431]),
        ("a field that never ends", format!("GET / HTTP/1.1\r\nX: {}", long.repeat(4)), &[400, 431]),
        ("many fields", fields(&many), &[400, 431]),
        ("a long cookie", fields(&format!("Cookie: session={long}\r\n")), &[400, 431]),
        ("a long Last-Event-ID", fields(&format!("Last-Event-ID: {long}\r\n")), &[400, 431]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn pusher_ends_what_is_too_large() {
    let (alone, people) = with_changes().await;
    // nginx reads empty lines for as long as a head may take; pusher need not.
    let empty = ("many empty lines", "\r\n".repeat(64 << 10), &[400, 431][..]);
    for (name, octets, allowed) in bombs(&people).into_iter().chain([empty]) {
        let answer = exchange(alone.port(), octets.as_bytes(), PATIENCE).await;
        let statuses = answer.statuses();
        assert!(answer.is_closed, "{name}: the connection stays open");
        assert!(statuses.is_empty() || allowed.contains(&statuses[0]), "{name}: {:?}", answer.text());
        assert!(statuses.len() <= 1, "{name}: {statuses:?}");
    }
    let mut next = Stream::connect(&alone.url(ONCE), &[("Authorization", &people.bob)]).await;
    assert!(next.next_event(PATIENCE).await.data.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_proxy_ends_what_is_too_large() {
    tokio::join!(bombard(Kind::Nginx), bombard(Kind::Haproxy), bombard(Kind::Caddy));
}

async fn bombard(kind: Kind) {
    let (alone, people) = with_changes().await;
    let proxy = Proxy::start(kind, Behind { pusher: alone.port(), mail: free_port() }).await;
    for (name, octets, allowed) in bombs(&people) {
        let answer = exchange(proxy.port(), octets.as_bytes(), PATIENCE).await;
        let statuses = answer.statuses();
        assert!(answer.is_closed, "{kind:?}, {name}: the connection stays open");
        assert!(statuses.is_empty() || allowed.contains(&statuses[0]), "{kind:?}, {name}: {}", answer.text());
    }
    let mut next = Stream::connect(&proxy.url(ONCE), &[("Authorization", &people.bob)]).await;
    assert!(next.next_event(PATIENCE).await.data.is_some());
}

/// Sends an octet of a head now and then until the other side has enough; returns how long it took and what it said.
async fn crawl(port: u16, every: Duration) -> (Duration, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("pusher listens");
    let (mut from, to) = stream.split();
    let began = Instant::now();
    let writing = async {
        let mut ticks = interval(every);
        let head = b"GET /events/ HTTP/1.1\r\nHost: localhost\r\nX: ".iter().chain(std::iter::repeat(&b'a'));
        for octet in head {
            ticks.tick().await;
            if to.writable().await.is_err() || to.try_write(&[*octet]).is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let mut said = Vec::new();
    tokio::select! {
        // A reset is an end too.
        _ = from.read_to_end(&mut said) => {}
        () = writing => {}
    }
    (began.elapsed(), String::from_utf8_lossy(&said).into_owned())
}

const HEAD_TIMEOUT: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_a_head_slowly_is_cut_and_keeps_nobody_out() {
    let alone = Alone::start_with(&[("limits.head_timeout", r#""2s""#)]).await;
    alone.change("alice", 7001).await;
    let port = alone.port();
    let crawling: Vec<_> = (0..300).map(|_| tokio::spawn(crawl(port, Duration::from_millis(100)))).collect();
    let began = Instant::now();
    let mut stream = Stream::connect(&alone.url(ONCE), &[("Authorization", &bearer("alice"))]).await;
    stream.next_event(PATIENCE).await;
    assert!(began.elapsed() < HEAD_TIMEOUT, "a client waited {:?} behind slow ones", began.elapsed());
    for slow in crawling {
        let (took, said) = slow.await.expect("it does not panic");
        // Cut by the time that a head has, not by each octet.
        assert!(took >= HEAD_TIMEOUT / 2 && took < HEAD_TIMEOUT * 5, "it was cut after {took:?}");
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 408 "), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_ones_that_take_every_connection_make_room_in_time() {
    let limits = [("limits.head_timeout", r#""1s""#), ("limits.connections", "20")];
    let alone = Alone::start_with(&limits).await;
    alone.change("alice", 7001).await;
    let port = alone.port();
    let crawling: Vec<_> = (0..40).map(|_| tokio::spawn(crawl(port, Duration::from_millis(100)))).collect();
    // It waits in the kernel behind two rounds of them.
    let mut stream = Stream::connect(&alone.url(ONCE), &[("Authorization", &bearer("alice"))]).await;
    stream.next_event(PATIENCE).await;
    for slow in crawling {
        slow.abort();
    }
}
