use proptest::prelude::*;

use super::*;

const MOST_FIELDS: usize = 16;

/// What becomes of octets that come all at once.
fn read(octets: &[u8]) -> Result<Option<Parts>, Wrong> {
    let length = Scan::default().end(octets)?;
    length.map(|length| parse(&octets[..length], MOST_FIELDS)).transpose()
}

fn with(fields: &str) -> String {
    format!("GET /events/ HTTP/1.1\r\n{fields}\r\n")
}

#[test]
fn a_head_is_read_whatever_its_form_and_version() {
    for (head, path, version) in [
        ("GET /events/?a=b HTTP/1.1\r\nHost: x\r\n\r\n", "/events/", Version::HTTP_11),
        ("GET /events/ HTTP/1.1\r\nhost:\r\n\r\n", "/events/", Version::HTTP_11),
        (
            "GET http://mail.example.org:8080/events/ HTTP/1.1\r\nHost: x\r\n\r\n",
            "/events/",
            Version::HTTP_11,
        ),
        ("GET /events/ HTTP/1.0\r\n\r\n", "/events/", Version::HTTP_10),
        ("OPTIONS * HTTP/1.1\r\nHost: [::1]:8081\r\n\r\n", "*", Version::HTTP_11),
    ] {
        let parts = read(head.as_bytes()).unwrap().unwrap();
        assert_eq!((parts.uri.path(), parts.version), (path, version), "{head:?}");
    }
    let parts = read(with("Host: x\r\nX-A: 1\r\nx-a:2 \r\n").as_bytes()).unwrap().unwrap();
    let values: Vec<_> = parts.headers.get_all("x-a").iter().collect();
    assert_eq!(values, ["1", "2"]);
}

#[test]
fn what_two_readers_could_read_differently_is_refused() {
    let cases: &[(&str, &str, Wrong)] = &[
        ("no Host", "", Wrong::Host),
        ("two Hosts", "Host: x\r\nHost: x\r\n", Wrong::Twice),
        ("a Host with userinfo", "Host: a@x\r\n", Wrong::Host),
        ("a Host of two", "Host: x, y\r\n", Wrong::Host),
        ("two lengths", "Host: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n", Wrong::Twice),
        ("two encodings", "Host: x\r\nTransfer-Encoding: a\r\nTransfer-Encoding: chunked\r\n", Wrong::Twice),
        ("both", "Host: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", Wrong::Length),
        ("another encoding", "Host: x\r\nTransfer-Encoding: gzip\r\n", Wrong::Length),
        ("a list of encodings", "Host: x\r\nTransfer-Encoding: gzip, chunked\r\n", Wrong::Length),
        ("a length with a sign", "Host: x\r\nContent-Length: +1\r\n", Wrong::Length),
        ("a list of lengths", "Host: x\r\nContent-Length: 1, 1\r\n", Wrong::Length),
        ("an empty length", "Host: x\r\nContent-Length:\r\n", Wrong::Length),
        ("obs-fold", "Host: x\r\nX-A: 1\r\n 2\r\n", Wrong::Malformed),
        ("a first field that is folded", " Host: x\r\n", Wrong::Malformed),
        ("a space before the colon", "Host : x\r\n", Wrong::Malformed),
        ("a field without a colon", "Host: x\r\nX-A\r\n", Wrong::Malformed),
        ("a field without a name", "Host: x\r\n: 1\r\n", Wrong::Malformed),
        ("a bare CR", "Host: x\r\nX-A: 1\rX-B: 2\r\n", Wrong::Malformed),
        ("a bare LF", "Host: x\r\nX-A: 1\nX-B: 2\r\n", Wrong::Malformed),
        ("a CR too many", "Host: x\r\r\n", Wrong::Malformed),
        ("NUL in a value", "Host: x\r\nX-A: 1\0a\r\n", Wrong::Malformed),
        ("NUL in a name", "Host: x\r\nX\0A: 1\r\n", Wrong::Malformed),
        ("DEL in a value", "Host: x\r\nX-A: 1\x7f\r\n", Wrong::Malformed),
    ];
    for (what, fields, wrong) in cases {
        assert_eq!(read(with(fields).as_bytes()).unwrap_err(), *wrong, "{what}");
    }
}

#[test]
fn lines_that_are_no_request_are_refused() {
    for line in [
        "",
        "\r\nGET / HTTP/1.1",
        "GET / HTTP/2.0",
        "GET / HTTP/1.1 ",
        "GET  / HTTP/1.1",
        " GET / HTTP/1.1",
        "GET /",
        "GET /a b HTTP/1.1",
        "GET /#a HTTP/1.1",
        "GET events HTTP/1.1/",
        "G\0T / HTTP/1.1",
        "G(T / HTTP/1.1",
        "PRI * HTTP/2.0",
    ] {
        let head = format!("{line}\r\nHost: x\r\n\r\n");
        assert_eq!(read(head.as_bytes()).unwrap_err(), Wrong::Malformed, "{line:?}");
    }
}

#[test]
fn a_transfer_encoding_is_not_for_http_1_0() {
    let head = "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(read(head.as_bytes()).unwrap_err(), Wrong::Length);
}

#[test]
fn too_much_is_refused_as_what_it_is() {
    let line = |length| format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(length));
    assert!(read(line(8000).as_bytes()).unwrap().is_some());
    assert_eq!(read(line(LONGEST_LINE).as_bytes()).unwrap_err(), Wrong::Target);
    let unended = format!("GET /{}", "a".repeat(LONGEST_LINE));
    assert_eq!(read(unended.as_bytes()).unwrap_err(), Wrong::Target);
    let fields = |count| with(&format!("Host: x\r\n{}", "X-A: 1\r\n".repeat(count)));
    assert!(read(fields(MOST_FIELDS - 1).as_bytes()).unwrap().is_some());
    assert_eq!(read(fields(MOST_FIELDS).as_bytes()).unwrap_err(), Wrong::Large);
}

#[test]
fn a_head_ends_where_it_ends_whatever_follows() {
    let head = with("Host: x\r\n");
    let octets = format!("{head}GET /other HTTP/1.1\r\nHost: y\r\n\r\n");
    assert_eq!(Scan::default().end(octets.as_bytes()), Ok(Some(head.len())));
}

proptest! {
    #[test]
    fn octets_mean_the_same_in_whatever_pieces_they_come(
        octets in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'a')], 0..40),
        cut in 0_usize..40
    ) {
        let mut scan = Scan::default();
        let first = scan.end(&octets[..cut.min(octets.len())]);
        let pieces = if matches!(first, Ok(None)) { scan.end(&octets) } else { first };
        prop_assert_eq!(pieces, Scan::default().end(&octets));
    }

    #[test]
    fn no_octets_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        read(&octets).ok();
        parse(&octets, MOST_FIELDS).ok();
    }
}
