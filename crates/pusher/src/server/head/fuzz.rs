//! Heads of requests as fuzz targets.

use hostile::{Allowance, Broken, SLICE, check};

use super::*;

const MOST_FIELDS: usize = 64;

/// A slot for each field while they are read, then an entry of the map, which doubles and is copied; and the octets of
/// names and values once more.
const HEAD: Allowance = Allowance::new(4, MOST_FIELDS as u64 * (32 + 3 * 128 + 3 * 72));

const SEEDS: [&str; 5] = [
    "GET /events/ HTTP/1.1\r\nHost: push.example.org\r\nAuthorization: Bearer a.b.c\r\nLast-Event-ID: AQ.B\r\n\r\n",
    "GET /jmap/eventsource/?types=*&ping=30 HTTP/1.1\r\nHost: [::1]:8081\r\nCookie: a=b; c=d\r\nAccept: */*\r\n\r\n",
    "GET http://x:80/events/ HTTP/1.1\r\nhost:x\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1\r\n",
    "POST /events/ticket HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "OPTIONS * HTTP/1.0\r\n\r\n",
];

const WORDS: [&str; 28] = [
    "\r\n",
    "\r",
    "\n",
    "\r\n\r\n",
    "\0",
    " ",
    "\t",
    ":",
    "Host:",
    "Host: a@b\r\n",
    "a:\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: +5\r\n",
    "Content-Length: 5, 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Last-Event-ID: x\r\n",
    "Authorization: x\r\n",
    " HTTP/1.1\r\n",
    " HTTP/1.0\r\n",
    " HTTP/2.0\r\n",
    "GET ",
    "#",
    "%",
    "/",
    "\u{e9}",
    "\u{7f}",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
];

/// Where the head ends if the octets come in pieces of `size`.
fn end_in_pieces(octets: &[u8], size: usize) -> Result<Option<usize>, Wrong> {
    let mut scan = Scan::default();
    let lengths = (size..octets.len()).step_by(size).chain([octets.len()]);
    lengths.map(|length| scan.end(&octets[..length])).find(|end| *end != Ok(None)).unwrap_or(Ok(None))
}

/// The same head as its sender could have put it.
fn written(parts: &Parts) -> Vec<u8> {
    let mut head = format!("{} {} {:?}\r\n", parts.method, parts.uri, parts.version).into_bytes();
    for (name, value) in &parts.headers {
        head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    [head.as_slice(), b"\r\n"].concat()
}

fn is_one_request(parts: &Parts) {
    let headers = &parts.headers;
    assert!(headers.len() <= MOST_FIELDS);
    assert!(ONCE.iter().all(|name| headers.get_all(name).iter().count() <= 1));
    assert!(parts.version == Version::HTTP_10 || headers.contains_key(header::HOST));
    assert!(
        !(headers.contains_key(header::CONTENT_LENGTH) && headers.contains_key(header::TRANSFER_ENCODING))
    );
    let is_on_one_line =
        |value: &HeaderValue| !value.as_bytes().iter().any(|octet| matches!(octet, b'\r' | b'\n' | 0));
    assert!(headers.values().all(is_on_one_line));
}

#[test]
fn a_head_is_read_or_refused_in_whatever_pieces_it_comes() {
    let broken = Broken::new(SEEDS, WORDS);
    check!().with_generator((broken, 1..200_usize)).with_test_time(SLICE).for_each(|(octets, size)| {
        let whole = Scan::default().end(octets);
        match end_in_pieces(octets, *size) {
            // A line is refused while it comes; one that is there whole is measured by its target.
            Err(Wrong::Target) => assert!(octets.len() > LONGEST_LINE),
            in_pieces => assert_eq!(in_pieces, whole),
        }
        let Ok(Some(length)) = whole else { return };
        let Ok(parts) = HEAD.hold(&octets[..length], |head| parse(head, MOST_FIELDS)) else { return };
        is_one_request(&parts);
        let written = written(&parts);
        assert_eq!(Scan::default().end(&written), Ok(Some(written.len())));
        let again = parse(&written, MOST_FIELDS).expect("what was written is read");
        assert_eq!((again.method, again.uri, again.version), (parts.method, parts.uri, parts.version));
        assert_eq!(again.headers, parts.headers);
    });
}
