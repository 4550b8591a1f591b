use proptest::prelude::*;

use super::*;
use crate::Links;

fn alarm<'a>(title: &'a str, description: &'a str, organiser: &'a str, time: EventTime) -> Alarm<'a> {
    Alarm {
        title,
        description,
        location: "Köln",
        calendar: "",
        organiser,
        time,
        attendees: Vec::new(),
        is_recurring: false,
        is_late: false,
        links: Links::default(),
    }
}

fn object(start: &str, end: &str, zone: &str) -> Option<String> {
    let alarm = alarm("Lunch", "", "alice@example.org", EventTime::parse(start, end, zone));
    alarm.calendar_object("lab-1", "2026-11-22T02:12:48Z".parse().unwrap())
}

#[test]
fn whole_object() {
    let expected = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//mailpush//notifyd//EN\r\nBEGIN:VEVENT\r\nUID:lab-1\r\n\
        DTSTAMP:20261122T021248Z\r\nDTSTART:20261122T021748Z\r\nDTEND:20261122T031748Z\r\nSUMMARY:Lunch\r\n\
        LOCATION:Köln\r\nORGANIZER:mailto:alice@example.org\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    assert_eq!(object("20261122T031748", "20261122T041748", "Europe/Berlin").unwrap(), expected);
}

#[test]
fn times_are_those_of_the_event() {
    for (start, end, zone, expected) in [
        (
            "20261122",
            "20261124",
            "Europe/Berlin",
            "DTSTART;VALUE=DATE:20261122\r\nDTEND;VALUE=DATE:20261124\r\n",
        ),
        ("20261122", "", "", "DTSTART;VALUE=DATE:20261122\r\nDTEND;VALUE=DATE:20261123\r\n"),
        ("20261122T100000", "20261122T110000", "", "DTSTART:20261122T100000\r\nDTEND:20261122T110000\r\n"),
        (
            "20261025T013000",
            "20261025T033000",
            "Europe/Berlin",
            "DTSTART:20261024T233000Z\r\nDTEND:20261025T023000Z\r\n",
        ),
        ("20261122T100000Z", "20261122T100000Z", "UTC", "DTSTART:20261122T100000Z\r\nSUMMARY"),
    ] {
        let object = object(start, end, zone).unwrap();
        assert!(object.contains(expected), "{object}");
    }
    assert_eq!(object("20261122T100000", "", "Mars/Olympus"), None);
    assert_eq!(object("soon", "", "UTC"), None);
}

#[test]
fn organiser_is_a_plain_address_or_none() {
    for organiser in
        ["", "alice", "@", "a@b@c", "a b@c", "a@b\r\nATTENDEE:mailto:eve@c", "a@b?cc=eve@c", "jürgen@b"]
    {
        assert_eq!(plain_address(organiser), None, "{organiser:?}");
    }
    assert_eq!(plain_address("a.b+c@example.org"), Some("a.b+c@example.org"));
}

proptest! {
    #[test]
    fn no_text_adds_a_property_or_a_line_that_is_too_long(
        title in "(\\PC|[\\r\\n\\t\\u{0}-\\u{1f};:,\\\\\"\u{2028}\u{85}]|END:VEVENT)*",
        description in "(\\PC|[\\r\\n]|BEGIN:VALARM){0,80}",
        uid in "(\\PC|[\\r\\n]){0,300}",
    ) {
        let time = EventTime::parse("20261122", "", "");
        let object = alarm(&title, &description, &title, time).calendar_object(&uid, Timestamp::UNIX_EPOCH).unwrap();
        prop_assert!(object.ends_with("\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"));
        for line in object.trim_end().split("\r\n") {
            prop_assert!(line.len() <= 75 && !line.contains(['\r', '\n']), "{line:?}");
        }
        let unfolded = object.replace("\r\n ", "");
        let names: Vec<_> = unfolded.trim_end().split("\r\n").map(|line| line.split([':', ';']).next().unwrap()).collect();
        let known = ["BEGIN", "VERSION", "PRODID", "BEGIN", "UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "LOCATION",
            "DESCRIPTION", "ORGANIZER", "END", "END"];
        let mut expected = known.iter();
        for name in names {
            prop_assert!(expected.any(|known| *known == name), "{name} in {unfolded}");
        }
    }
}
