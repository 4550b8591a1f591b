//! The decoders of both forms of the socket and of the messages, fed with captures that were broken.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test by panicking")]

#[path = "fuzz/seeds.rs"]
mod seeds;

use cyrus::{Dialect, Malformed, Notice, datagram, dlist, encoded_word, envelope, uri::MailboxUri};
use hostile::{Allowance, Broken, SLICE, check};
use mailbox_event::{
    Event, EventId, Naming, Notification, RelayId, UnixMillis,
    codec::{self, Form},
};

/// The most that a connection may send in these tests; relay's own bound is a setting.
const LIMIT: usize = 1 << 16;

/// Options in one notification at most, by either form.
const MOST_OPTIONS: usize = 1024;

/// A text that is not UTF-8 grows threefold, in a buffer that doubles and is copied. Beside them a vector of options,
/// each 24 octets, that grew by doubling.
const DATAGRAM: Allowance = Allowance::new(3 * 3, MOST_OPTIONS as u64 * 24 * 3);

/// `(a)` is three octets and becomes a vector with room for four values of 24 octets, in one that grew by doubling;
/// then come the texts of the notice.
const DLIST: Allowance = Allowance::new(64, DATAGRAM_CONSTANT);
const DATAGRAM_CONSTANT: u64 = MOST_OPTIONS as u64 * 24 * 3;

/// `{"":` and `}` are five octets and become a node of a B-tree with room for eleven keys and values, of some 640
/// octets. What has no field is moved into another map, node by node.
const MESSAGE: Allowance = Allowance::new(2 * 640 / 5, 16 << 10);

fn is_bounded(notice: &Notice, octets: usize) -> bool {
    let texts = [&notice.method, &notice.class, &notice.priority, &notice.user, &notice.mailbox];
    let written = texts.into_iter().chain(&notice.options).map(String::len).sum::<usize>();
    notice.options.len() <= MOST_OPTIONS && notice.message.len() + written <= 3 * octets
}

#[test]
fn a_datagram_is_read_or_refused() {
    let broken = Broken::new(seeds::datagrams(), seeds::DATAGRAM_WORDS);
    check!().with_generator(broken).with_test_time(SLICE).for_each(|octets| {
        let Ok(notice) = DATAGRAM.hold(octets, |octets| datagram::parse(octets)) else { return };
        assert!(is_bounded(&notice, octets.len()));
        assert_eq!(datagram::parse(&datagram::write(&notice)), Ok(notice));
    });
}

#[test]
fn a_line_is_read_or_refused_in_whatever_pieces_it_comes() {
    let broken = Broken::new(seeds::lines(), seeds::DLIST_WORDS);
    check!().with_generator((broken, 1..200_usize)).with_test_time(SLICE).for_each(|(octets, size)| {
        let whole = DLIST.hold(octets, |octets| dlist::Reader::new(LIMIT).push(octets));
        let pieces = DLIST.hold(octets, |octets| in_pieces(octets, *size));
        // Which of two faults is met first may depend on the pieces; whether there is one may not.
        assert_eq!(pieces.is_ok(), whole.is_ok());
        assert_eq!(pieces.ok(), whole.as_ref().ok().cloned());
        let Ok(Some(notice)) = whole else { return };
        assert!(is_bounded(&notice, octets.len()));
        let written = dlist::write(&notice);
        assert_eq!(dlist::Reader::new(written.len()).push(&written), Ok(Some(notice)));
    });
}

fn in_pieces(octets: &[u8], size: usize) -> Result<Option<Notice>, Malformed> {
    let mut reader = dlist::Reader::new(LIMIT);
    octets.chunks(size).map(|piece| reader.push(piece)).find(|read| *read != Ok(None)).unwrap_or(Ok(None))
}

#[test]
fn a_message_becomes_an_event_that_comes_back_from_the_bus_or_is_refused() {
    let dialect = Dialect::new(Naming::new("example.org"));
    let broken = Broken::new(seeds::messages(), seeds::MESSAGE_WORDS);
    check!().with_generator((broken, 0..5_usize)).with_test_time(SLICE).for_each(|(message, class)| {
        let class = ["EVENT", "EVENT", "IMIP", "SIEVE", "unheard of"][*class].to_owned();
        let notice =
            Notice { class, user: "alice".to_owned(), message: message.clone(), ..Notice::default() };
        if let Ok(notification) = MESSAGE.hold(message, |_| dialect.decode(&notice, None)) {
            comes_back(notification);
        }
    });
}

/// JSON texts of fractions need not come back bit by bit, so there the event only has to be read.
fn comes_back(notification: Notification) {
    let id = EventId { relay: RelayId(7), sequence: u64::MAX };
    let event = Event { id, taken_at: UnixMillis(u64::MAX), notification };
    codec::decode::<Event>(&codec::encode(&event, Form::Json).unwrap()).expect("JSON comes back");
    let written = codec::encode(&event, Form::MessagePack).unwrap();
    assert!(codec::decode::<Event>(&written).expect("MessagePack comes back") == event);
}

#[test]
fn what_people_wrote_is_read_or_refused() {
    let broken = Broken::new(seeds::TEXTS, seeds::TEXT_WORDS);
    check!().with_generator(broken).with_test_time(SLICE).for_each(|octets| {
        let text = String::from_utf8_lossy(octets);
        DLIST.hold(octets, |_| envelope::parse(&text).ok());
        DLIST.hold(octets, |_| MailboxUri::parse(&text).ok());
        let decoded = DLIST.hold(octets, |_| encoded_word::decode(&text));
        assert!(decoded.len() <= 3 * text.len(), "no charset makes more than three octets of one");
    });
}
