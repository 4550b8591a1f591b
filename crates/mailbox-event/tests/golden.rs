//! Octets that earlier versions wrote and every later one must read and write the same.
//!
//! `golden/<name>.msgpack` and `golden/<name>.json` hold one event of each kind. They may never change: what a relay
//! has spooled or a bus has kept must outlive an upgrade. For a kind that has no file yet,
//! `GOLDEN_ADD=1 cargo test -p mailbox-event --test golden` writes one; a file that is there is never written again.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test by panicking")]

#[path = "golden/values.rs"]
mod values;

use std::{collections::BTreeSet, fs, path::PathBuf};

use mailbox_event::{
    Event, Notification,
    codec::{self, DecodeError, Form},
};

const FORMS: [(Form, &str); 2] = [(Form::MessagePack, "msgpack"), (Form::Json, "json")];

fn file(name: &str, extension: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.{extension}"))
}

fn add_missing(event: &Event, name: &str, form: Form, extension: &str) {
    let path = file(name, extension);
    if std::env::var_os("GOLDEN_ADD").is_some() && !path.exists() {
        fs::write(path, codec::encode(event, form).unwrap()).unwrap();
    }
}

/// A kind that is added to the vocabulary does not compile here until it has a name, and then wants a file.
fn kind(notification: &Notification) -> &'static str {
    match notification {
        Notification::Mailbox(_) => "mailbox",
        Notification::Alarm(_) => "alarm",
        Notification::Sieve(_) => "sieve",
        Notification::NewMail(_) => "new-mail",
        Notification::Scheduling(_) => "scheduling",
        Notification::Device(_) => "device",
        Notification::Unscheduled(_) => "unscheduled",
        Notification::Other(_) => "other",
    }
}

const KINDS: [&str; 8] =
    ["alarm", "device", "mailbox", "new-mail", "other", "scheduling", "sieve", "unscheduled"];

#[test]
fn every_kind_of_notification_has_its_file() {
    let kinds: BTreeSet<_> = values::all().iter().map(|(_, event)| kind(&event.notification)).collect();
    assert!(kinds.into_iter().eq(KINDS));
}

#[test]
fn old_octets_are_read_as_ever() {
    for (name, event) in values::all() {
        for (form, extension) in FORMS {
            add_missing(&event, name, form, extension);
            let octets = fs::read(file(name, extension)).unwrap();
            assert_eq!(codec::decode::<Event>(&octets).unwrap(), event, "{name}.{extension}");
        }
    }
}

#[test]
fn the_same_octets_are_written_as_ever() {
    for (name, event) in values::all() {
        for (form, extension) in FORMS {
            let octets = fs::read(file(name, extension)).unwrap();
            let written = codec::encode(&event, form).unwrap();
            assert_eq!(
                written.escape_ascii().to_string(),
                octets.escape_ascii().to_string(),
                "{name}.{extension}"
            );
        }
    }
}

#[test]
fn fields_of_a_later_version_are_passed_over() {
    let octets = fs::read(file("unscheduled", "json")).unwrap();
    let mut later: serde_json::Value = serde_json::from_slice(&octets).unwrap();
    later["novel"] = 1.into();
    later["notification"]["unscheduled"]["novel"] = "x".into();
    for form in [Form::MessagePack, Form::Json] {
        let octets = codec::encode(&later, form).unwrap();
        assert_eq!(
            codec::decode::<Event>(&octets).unwrap(),
            codec::decode(&octets_of("unscheduled")).unwrap()
        );
    }
}

fn octets_of(name: &str) -> Vec<u8> {
    fs::read(file(name, "msgpack")).unwrap()
}

#[test]
fn what_is_no_value_is_refused() {
    let decode = codec::decode::<Event>;
    assert!(matches!(decode(b""), Err(DecodeError::Empty)));
    assert!(matches!(decode(&[2, 0x80]), Err(DecodeError::Version(2))));
    assert!(matches!(decode(&[codec::VERSION]), Err(DecodeError::MessagePack(_))));
    assert!(matches!(decode(&[codec::VERSION, 0x80]), Err(DecodeError::MessagePack(_))));
    assert!(matches!(decode(b"{}"), Err(DecodeError::Json(_))));
    let octets = octets_of("mailbox");
    assert!(decode(&octets[..octets.len() - 1]).is_err());
}
