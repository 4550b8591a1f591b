//! Every notification that was captured from a real Cyrus 3.6.1, and what each becomes.
//!
//! `captures/*.jsonl` are the captures, one notification per line. `captures/*.expected` hold one line for each, and
//! are to be read by eye when they change. To write them anew: `CYRUS_CAPTURES_WRITE=1 cargo test -p cyrus --test
//! captures`.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test by panicking")]

#[path = "captures/summary.rs"]
mod summary;

use std::{fs, path::PathBuf};

use cyrus::{Dialect, Notice, datagram, dlist};
use mailbox_event::{Naming, Notification};
use serde_json::Value;

const CAPTURES: [&str; 4] =
    ["cyrus-3.6.1-full", "cyrus-3.6.1-full-dlist", "cyrus-3.6.1-groups", "cyrus-3.6.1-small"];

const LIMIT: usize = 1 << 20;

fn path(name: &str, extension: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(format!("{name}.{extension}"))
}

/// The octets that were on the wire.
fn captured(name: &str) -> Vec<Vec<u8>> {
    let lines = fs::read_to_string(path(name, "jsonl")).unwrap();
    lines.lines().map(|line| wire(&serde_json::from_str(line).unwrap())).collect()
}

fn wire(capture: &Value) -> Vec<u8> {
    let octets = match &capture["stream"] {
        Value::String(stream) => stream.as_bytes().to_vec(),
        _ => {
            let fields = capture["datagram"].as_array().unwrap();
            fields.iter().map(|field| field.as_str().unwrap()).collect::<Vec<_>>().join("\0").into_bytes()
        }
    };
    assert_eq!(octets.len() as u64, capture["bytes"].as_u64().unwrap());
    octets
}

fn notice(octets: &[u8]) -> Notice {
    if octets.starts_with(b"NOTIFY ") {
        dlist::Reader::new(LIMIT).push(octets).unwrap().unwrap()
    } else {
        datagram::parse(octets).unwrap()
    }
}

fn decoded(name: &str) -> Vec<Notification> {
    let dialect = Dialect::new(Naming::new("example.org"));
    captured(name).iter().map(|octets| dialect.decode(&notice(octets), None).unwrap()).collect()
}

#[test]
fn every_capture_becomes_what_is_expected() {
    for name in CAPTURES {
        let lines: String =
            decoded(name).iter().map(|notification| summary::of(notification) + "\n").collect();
        let expected = path(name, "expected");
        if std::env::var_os("CYRUS_CAPTURES_WRITE").is_some() {
            fs::write(&expected, &lines).unwrap();
        }
        let expected = fs::read_to_string(expected).unwrap();
        for (number, (line, expected)) in lines.lines().zip(expected.lines()).enumerate() {
            assert_eq!(line, expected, "{name}, line {}", number + 1);
        }
        assert_eq!(lines.lines().count(), expected.lines().count(), "{name}");
    }
}

#[test]
fn there_are_664_captures() {
    assert_eq!(CAPTURES.map(|name| captured(name).len()).iter().sum::<usize>(), 664);
}

#[test]
fn only_logins_and_logouts_have_no_type() {
    for other in CAPTURES.iter().flat_map(|name| decoded(name)) {
        if let Notification::Other(other) = other {
            assert!(matches!(other.name.as_deref(), Some("Login" | "Logout")), "{:?}", other.name);
        }
    }
}

#[test]
fn no_key_of_a_change_is_left_over_but_those_without_a_field() {
    let known = ["pid", "diskQuota", "diskUsed", "maxMessages", "messages", "vnd.fastmail.counters"];
    for notification in CAPTURES.iter().flat_map(|name| decoded(name)) {
        if let Notification::Mailbox(change) = notification {
            let left: Vec<_> = change.extra.keys().filter(|key| !known.contains(&key.as_str())).collect();
            assert!(left.is_empty(), "{left:?}");
            if let Some(counters) = change.extra.get("vnd.fastmail.counters") {
                assert_eq!(
                    counters.as_str().unwrap().trim_end_matches(char::is_numeric),
                    "0 0 0 0 0 0 0 0 0 0 0 0 "
                );
            }
        }
    }
}

#[test]
fn both_forms_of_the_socket_decode_to_the_same() {
    // The daemons run side by side, so the order may differ.
    let sorted = |name| {
        let mut summaries: Vec<_> = decoded(name).iter().map(summary::without_numbers).collect();
        summaries.sort();
        summaries
    };
    assert_eq!(sorted("cyrus-3.6.1-full"), sorted("cyrus-3.6.1-full-dlist"));
}

#[test]
fn writing_what_was_read_gives_the_same_octets() {
    for octets in CAPTURES.iter().flat_map(|name| captured(name)) {
        let notice = notice(&octets);
        let written =
            if octets.starts_with(b"NOTIFY ") { dlist::write(&notice) } else { datagram::write(&notice) };
        assert_eq!(written.escape_ascii().to_string(), octets.escape_ascii().to_string());
    }
}
