//! Input that no Cyrus sends: each is refused, and none takes much to refuse.

use cyrus::{Dialect, Malformed, Notice, datagram, dlist};
use hostile::Allowance;
use mailbox_event::{
    Event, EventId, Naming, Notification, RelayId, UnixMillis,
    codec::{self, Form},
};

const LIMIT: usize = 1 << 20;

fn decode(message: impl Into<Vec<u8>>) -> Result<Notification, Malformed> {
    let notice = Notice { class: "EVENT".to_owned(), message: message.into(), ..Notice::default() };
    Dialect::new(Naming::new("example.org")).decode(&notice, None)
}

/// A message whose field `x` nests so deep that the whole has `depth` levels.
fn nested(depth: usize) -> String {
    let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
    format!("{{\"event\":\"Login\",\"x\":{open}{close}}}")
}

#[test]
fn the_deepest_message_comes_back_from_the_bus_and_a_deeper_one_is_refused() {
    let notification = decode(nested(64)).unwrap();
    let event =
        Event { id: EventId { relay: RelayId(1), sequence: 1 }, taken_at: UnixMillis(1), notification };
    for form in [Form::MessagePack, Form::Json] {
        assert!(codec::decode::<Event>(&codec::encode(&event, form).unwrap()).unwrap() == event);
    }
    assert_eq!(decode(nested(65)), Err(Malformed::TooDeep));
    assert_eq!(decode("{\"a\":".repeat(100_000)), Err(Malformed::NotJson));
    assert_eq!(decode(nested(100_000)), Err(Malformed::NotJson));
}

#[test]
fn numbers_and_texts_that_json_has_not_are_refused() {
    for value in ["1e999", "01", "NaN", "\"\\ud800\"", "\"\u{7}\"", "\"\\x\""] {
        assert_eq!(
            decode(format!("{{\"event\":\"Login\",\"x\":{value}}}")),
            Err(Malformed::NotJson),
            "{value}"
        );
    }
    assert_eq!(decode(b"{\"event\":\"Login\",\"x\":\"\xc3\x28\"}"), Err(Malformed::NotJson));
}

#[test]
fn numbers_that_do_not_fit_are_kept_as_they_came() {
    for number in ["-1", "4294967296", "18446744073709551616", "1.5"] {
        let message = format!("{{\"event\":\"FlagsSet\",\"uri\":\"imap://h/user/a\",\"messages\":{number}}}");
        let Ok(Notification::Mailbox(change)) = decode(message) else { panic!("{number} refused") };
        assert!(change.extra.contains_key("messages"), "{number}");
    }
}

#[test]
fn a_literal_that_never_comes_takes_no_memory() {
    for head in ["{1048000+}\r\n", "{4294967295}\r\n", "{9999999999}\r\n", "{99999999999999999999}\r\n"] {
        let line = format!("NOTIFY %(MESSAGE {head}abc");
        let read = Allowance::new(4, 0).hold(&line, |line| dlist::Reader::new(LIMIT).push(line.as_bytes()));
        assert!(matches!(read, Ok(None) | Err(Malformed::TooLarge | Malformed::Literal)), "{head}");
    }
}

#[test]
fn lists_in_lists_take_no_stack() {
    for opening in ["(", "%(a ", "((", "(%(a "] {
        let line = format!("NOTIFY %(OPTIONS {}\r\n", opening.repeat(100_000));
        assert_eq!(dlist::Reader::new(LIMIT).push(line.as_bytes()), Err(Malformed::TooDeep), "{opening}");
    }
}

#[test]
fn a_number_of_options_that_do_not_come_takes_no_memory() {
    for count in ["1024", "1025", "18446744073709551615", "18446744073709551616"] {
        let octets = format!("m\0c\0p\0u\0b\0{count}\0x\0");
        let read = Allowance::new(4, 256).hold(&octets, |octets| datagram::parse(octets.as_bytes()));
        assert!(read.is_err(), "{count}");
    }
}
