//! Streams through the reverse proxies of Debian, on the files that operators are given.

use std::time::Duration;

use testkit::{
    eventually, free_port,
    proxy::{Behind, Kind, Proxy},
    raw,
    sse::{Frame, Stream},
    tap::Tap,
};
use tests::{Alone, alone::bearer};
use tokio::net::TcpListener;

const PATIENCE: Duration = Duration::from_secs(20);
/// Ten times what it takes on a busy machine. What is held back waits for a full buffer, or for the end.
const AT_ONCE: Duration = Duration::from_secs(2);
const JMAP: &str = "/jmap/eventsource/?types=*&closeafter=no&ping=0";
const EVENTS: &str = "/events/";

/// The same for each, at the same time.
macro_rules! through_each_proxy {
    ($check:expr) => {
        tokio::join!($check(Kind::Nginx), $check(Kind::Haproxy), $check(Kind::Caddy))
    };
}

async fn before(alone: &Alone, kind: Kind) -> Proxy {
    Proxy::start(kind, Behind { pusher: alone.port(), mail: free_port() }).await
}

/// Opens a stream as a browser does, one that would rather have it compressed.
async fn open(proxy: &Proxy, path: &str, user: &str) -> Stream {
    let authorization = bearer(user);
    let headers = [("Authorization", authorization.as_str()), ("Accept-Encoding", "gzip, br, zstd")];
    Stream::connect(&proxy.url(path), &headers).await
}

fn tells(frame: &Frame, modseq: u64) -> bool {
    frame.data.as_ref().is_some_and(|data| data.contains(&modseq.to_string()))
}

async fn passes_at_once(stream: &mut Stream, alone: &Alone, user: &str, modseq: u64) {
    alone.change(user, modseq).await;
    // What was known before comes first on a stream that has just begun.
    while !tells(&stream.next_event(AT_ONCE).await, modseq) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_passes_at_once_and_is_not_compressed() {
    through_each_proxy!(async |kind| {
        let alone = Alone::start().await;
        let proxy = before(&alone, kind).await;
        for (path, modseq) in [(EVENTS, 7001), (JMAP, 7101)] {
            let mut stream = open(&proxy, path, "alice").await;
            let field = |name: &str| stream.headers().get(name).and_then(|value| value.to_str().ok());
            assert_eq!(field("content-encoding"), None, "{kind:?}");
            assert_eq!(field("cache-control"), Some("no-store, no-transform"), "{kind:?}");
            for step in 0..3 {
                passes_at_once(&mut stream, &alone, "alice", modseq + step).await;
            }
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_passes_at_once_over_tls_and_http_2() {
    through_each_proxy!(async |kind| {
        let alone = Alone::start().await;
        let proxy = before(&alone, kind).await;
        let client = testkit::client_that_trusts(&proxy.certificate().chain);
        let (url, authorization) = (format!("https://{}{EVENTS}", proxy.tls_host()), bearer("alice"));
        // As many as would be too many over HTTP/1.1 in a browser.
        let mut streams = Vec::new();
        for _ in 0..8 {
            let stream = Stream::try_connect_by(&client, &url, &[("Authorization", &authorization)]).await;
            let stream = stream.unwrap_or_else(|(status, text)| panic!("{kind:?}: {status} {text}"));
            assert_eq!(format!("{:?}", stream.version()), "HTTP/2.0", "{kind:?}");
            streams.push(stream);
        }
        alone.change("alice", 7001).await;
        for stream in &mut streams {
            assert!(tells(&stream.next_event(AT_ONCE).await, 7001));
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn each_heartbeat_passes_by_itself() {
    through_each_proxy!(async |kind| {
        let alone = Alone::start().await;
        let proxy = before(&alone, kind).await;
        let mut stream = open(&proxy, EVENTS, "alice").await;
        let mut beats = 0;
        while beats < 3 {
            // One a second: two that come together were held back.
            let frame = stream.next_frame(AT_ONCE).await;
            beats += u32::from(frame.comment.as_deref() == Some("still here"));
        }
    });
}

/// Every number with a unit of time in an operator's file, with the name of what it sets, in seconds.
fn time_outs(file: &str) -> Vec<(&str, u64)> {
    let lines = file.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let (name, value) = line.trim_end_matches(';').rsplit_once(' ')?;
            let number = value.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
            let unit = match &value[number.len()..] {
                "s" => 1,
                "m" => 60,
                "h" => 3600,
                _ => return None,
            };
            Some((name.trim(), number.parse::<u64>().ok()? * unit))
        })
        .collect()
}

/// Where a quiet stream would be cut.
const OF_A_QUIET_STREAM: [(Kind, &[&str]); 3] = [
    (Kind::Nginx, &["proxy_read_timeout", "send_timeout"]),
    (Kind::Haproxy, &["timeout client", "timeout server"]),
    (Kind::Caddy, &["read_timeout"]),
];

#[test]
fn no_time_out_of_a_quiet_stream_is_near_the_heartbeat() {
    for (kind, names) in OF_A_QUIET_STREAM {
        let all = time_outs(kind.file());
        for name in names {
            let longest = all.iter().filter(|(set, _)| set == name).map(|(_, seconds)| *seconds).max();
            assert!(longest >= Some(60), "{kind:?}: {name} is {longest:?} s, and heartbeats come every 25 s");
        }
    }
    // A time-out for writing would cut Caddy's streams, quiet or not.
    assert!(!time_outs(Kind::Caddy.file()).iter().any(|(name, _)| name.starts_with("write")));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_pusher_is_away_clients_are_told_to_come_again_and_then_all_is_well() {
    through_each_proxy!(async |kind| {
        let mut alone = Alone::start().await;
        let proxy = before(&alone, kind).await;
        alone.stop().await;
        is_told_to_come_again(&proxy).await;
        // A ticket is asked for by a script, which reads statuses.
        let ticket = testkit::http_client().post(proxy.url("/events/ticket")).send().await;
        let status = ticket.expect("the proxy answers").status().as_u16();
        assert!((502..=504).contains(&status), "{kind:?} says {status}");

        alone.run().await;
        let mut stream = open(&proxy, EVENTS, "alice").await;
        passes_at_once(&mut stream, &alone, "alice", 7001).await;
        alone.kill().await;
        while stream.try_next().await.is_some() {}
        is_told_to_come_again(&proxy).await;
    });
}

async fn is_told_to_come_again(proxy: &Proxy) {
    for path in [EVENTS, JMAP] {
        let page = "https://mail.example.org";
        let headers = [("Authorization", "Bearer x"), ("Origin", page)];
        let mut stream = Stream::connect(&proxy.url(path), &headers).await;
        let field = |name: &str| stream.headers().get(name).and_then(|value| value.to_str().ok());
        let kind = proxy.kind();
        assert_eq!(field("content-type"), Some("text/event-stream; charset=utf-8"), "{kind:?}");
        assert_eq!(field("access-control-allow-origin"), Some(page), "{kind:?}");
        assert_eq!(field("cache-control"), Some("no-store, no-transform"), "{kind:?}");
        let frame = stream.next_frame(PATIENCE).await;
        assert_eq!(frame.retry, Some(5000), "{kind:?}");
        assert_eq!(frame.comment.as_deref(), Some("mailpush is away"), "{kind:?}");
        assert_eq!(stream.try_next().await, None, "{kind:?} ends it");
    }
}

/// How each file says how long pusher may be silent at first, and a shorter time.
fn impatient(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Nginx => ("proxy_read_timeout 2m", "proxy_read_timeout 1s"),
        Kind::Haproxy => ("timeout server 2m", "timeout server 1s"),
        Kind::Caddy => ("response_header_timeout 30s", "response_header_timeout 1s"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pusher_that_says_nothing_is_as_good_as_away() {
    through_each_proxy!(async |kind| {
        // The kernel takes connections for it, and nobody ever answers.
        let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let pusher = silent.local_addr().expect("it listens").port();
        let behind = Behind { pusher, mail: free_port() };
        let proxy = Proxy::start_with(kind, behind, &[impatient(kind)]).await;
        is_told_to_come_again(&proxy).await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_is_noticed_before_the_next_heartbeat() {
    through_each_proxy!(async |kind| {
        let alone = Alone::start_with(&[("pace.heartbeat", r#""5m""#)]).await;
        let proxy = before(&alone, kind).await;
        let streams = [open(&proxy, EVENTS, "alice").await, open(&proxy, JMAP, "bob").await];
        let open = async |count| {
            let what = format!("{count} streams are open through {kind:?}");
            eventually(PATIENCE, &what, async || {
                (alone.metric("pusher_streams").await == count).then_some(())
            })
            .await;
        };
        open(2).await;
        let [first, second] = streams;
        drop(first);
        open(1).await;
        drop(second);
        open(0).await;
    });
}

/// PyPI's sseclient reads past the end of a response: it hears of it when the connection ends.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_stream_ends_its_connection() {
    through_each_proxy!(async |kind| {
        let mut alone = Alone::start().await;
        alone.change("alice", 7001).await;
        let proxy = before(&alone, kind).await;
        let authorization = bearer("alice");
        let once = "/jmap/eventsource/?types=Email&closeafter=state&ping=0";
        let request =
            format!("GET {once} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n\r\n");
        let answer = raw::exchange(proxy.port(), request.as_bytes(), AT_ONCE).await;
        assert!(answer.is_closed && answer.text().contains("7001"), "{kind:?}: {answer:?}");
        alone.kill().await;
        let answer = raw::exchange(proxy.port(), request.as_bytes(), AT_ONCE).await;
        assert!(answer.is_closed && answer.text().contains("retry: 5000"), "{kind:?}: {answer:?}");
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn no_client_can_forge_its_address() {
    through_each_proxy!(async |kind| {
        let alone = Alone::start().await;
        let tap = Tap::to(alone.port()).await;
        let proxy = Proxy::start(kind, Behind { pusher: tap.port(), mail: free_port() }).await;
        let authorization = bearer("alice");
        let headers = [
            ("Authorization", authorization.as_str()),
            ("X-Forwarded-For", "192.0.2.1"),
            ("X-Forwarded-Proto", "gopher"),
            ("Forwarded", "for=192.0.2.1"),
        ];
        let mut stream = Stream::connect(&proxy.url(EVENTS), &headers).await;
        stream.next_frame(PATIENCE).await;
        let asked = String::from_utf8_lossy(&tap.passed()[0].asked).to_lowercase();
        let named = |name: &str| asked.lines().filter(|line| line.starts_with(name)).collect::<Vec<_>>();
        assert_eq!(named("x-forwarded-for:"), ["x-forwarded-for: 127.0.0.1"], "{kind:?}");
        assert_eq!(named("x-forwarded-proto:"), ["x-forwarded-proto: http"], "{kind:?}");
        assert_eq!(named("forwarded:"), [""; 0], "{kind:?}");
        assert_eq!(named("authorization:").len(), 1, "{kind:?} passes the credential on");
    });
}
