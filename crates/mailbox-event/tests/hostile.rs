//! Values that nobody of ours writes: each is refused, and none takes much to refuse.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test by panicking")]

use std::collections::BTreeMap;

use hostile::Allowance;
use mailbox_event::{
    Event, EventId, Notification, OtherNotification, RelayId, UnixMillis,
    codec::{self, DecodeError, Form},
};
use serde_json::Value;

fn event(fields: BTreeMap<String, Value>) -> Event {
    let notification =
        Notification::Other(OtherNotification { class: "EVENT".to_owned(), name: None, fields });
    Event { id: EventId { relay: RelayId(1), sequence: 1 }, taken_at: UnixMillis(1), notification }
}

fn nested(depth: usize) -> Event {
    let value = (1..depth).fold(Value::Array(Vec::new()), |value, _| Value::Array(vec![value]));
    event([("deep".to_owned(), value)].into())
}

/// An event up to the value of its field `x`.
fn up_to_a_value() -> Vec<u8> {
    let event = event([("x".to_owned(), Value::Null)].into());
    let mut octets = codec::encode(&event, Form::MessagePack).unwrap();
    assert_eq!(octets.pop(), Some(0xc0));
    octets
}

#[test]
fn values_in_values_are_read_as_deep_as_messages_are_and_no_deeper_than_the_stack() {
    for form in [Form::MessagePack, Form::Json] {
        let fits = nested(64);
        assert!(codec::decode::<Event>(&codec::encode(&fits, form).unwrap()).unwrap() == fits);
        let octets = codec::encode(&nested(200), form).unwrap();
        assert!(codec::decode::<Event>(&octets).is_err(), "{form:?}");
    }
}

#[test]
fn a_bomb_of_depth_is_refused() {
    let bombs: [&[u8]; 6] = [
        b"\x91",
        b"\x81\xa0",
        b"\xdc\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff\xa0",
        b"\xc7\x01\x05",
    ];
    for bomb in bombs {
        for head in [up_to_a_value(), vec![codec::VERSION]] {
            let octets = [head, bomb.repeat(100_000)].concat();
            assert!(codec::decode::<Event>(&octets).is_err(), "{}", bomb.escape_ascii());
        }
    }
    for bomb in ["[", "{\"\":", "{\"id\":", "{\"notification\":{\"other\":{\"fields\":{\"\":"] {
        assert!(codec::decode::<Event>(bomb.repeat(100_000).as_bytes()).is_err(), "{bomb}");
    }
}

#[test]
fn a_length_that_is_not_there_takes_no_memory() {
    let lengths: [&[u8]; 7] = [
        b"\xc6\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x05",
        b"\xdc\xff\xff",
        b"\xda\xff\xff",
    ];
    for length in lengths {
        let octets = [&up_to_a_value(), length].concat();
        let read = Allowance::new(64, 2 << 20).hold(&octets, |octets| codec::decode::<Event>(octets));
        assert!(matches!(read, Err(DecodeError::MessagePack(_))), "{}", length.escape_ascii());
    }
}

#[test]
fn texts_and_numbers_that_are_none_are_refused() {
    for value in [&b"\xa2\xc3\x28"[..], b"\xc1", b"\xc4\x01a", b"\x81\x01\x01", b"\xa5abc"] {
        let octets = [&up_to_a_value(), value].concat();
        assert!(codec::decode::<Event>(&octets).is_err(), "{}", value.escape_ascii());
    }
    let written = String::from_utf8(codec::encode(&event(BTreeMap::new()), Form::Json).unwrap()).unwrap();
    for number in ["-1", "1.5", "18446744073709551616", "1e999", "\"1\"", "null"] {
        let octets = written.replace("\"taken_at\":1", &format!("\"taken_at\":{number}"));
        assert_ne!(octets, written);
        assert!(codec::decode::<Event>(octets.as_bytes()).is_err(), "{number}");
    }
}
