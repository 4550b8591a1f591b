use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn over(start: &str, end: &str, zone: &str) -> Option<String> {
    EventTime::parse(start, end, zone).over_at().map(|time| time.to_string())
}

#[test]
fn over_when_the_last_clock_says_so() {
    for (start, end, zone, expected) in [
        ("20261122T031748", "20261122T041748", "Europe/Berlin", Some("2026-11-22T03:17:48Z")),
        ("20261122T031748", "", "Europe/Berlin", Some("2026-11-22T02:17:48Z")),
        ("20261122T031748Z", "20261122T041748Z", "Europe/Berlin", Some("2026-11-22T04:17:48Z")),
        ("20261122T031748Z", "20261122T041748Z", "", Some("2026-11-22T04:17:48Z")),
        ("20261122T031748", "20261122T041748", "[floating]", Some("2026-11-22T16:17:48Z")),
        ("20261122T031748", "20261122T041748", "Mars/Olympus", Some("2026-11-22T16:17:48Z")),
        ("20261122", "20261124", "Europe/Berlin", Some("2026-11-23T23:00:00Z")),
        ("20261122", "", "", Some("2026-11-23T12:00:00Z")),
        ("soon", "later", "Europe/Berlin", None),
    ] {
        assert_eq!(over(start, end, zone).as_deref(), expected, "{start} {end} {zone}");
    }
}

#[test]
fn end_before_the_start_counts_for_nothing() {
    let EventTime::Zoned { start, end } =
        EventTime::parse("20261122T031748", "20261121T031748", "Europe/Berlin")
    else {
        panic!("a zone is given")
    };
    assert_eq!(start, end);
    let days = EventTime::parse("20261122", "20261120", "");
    let day = date(2026, 11, 22);
    assert_eq!(days, EventTime::Days { first: day, last: day, zone: None });
}

#[test]
fn hour_that_does_not_exist_counts_on_from_the_offset_before_it() {
    let EventTime::Zoned { start, .. } = EventTime::parse("20260329T023000", "", "Europe/Berlin") else {
        panic!("a zone is given")
    };
    assert_eq!(start.to_string(), "2026-03-29T03:30:00+02:00[Europe/Berlin]");
}

proptest! {
    #[test]
    fn no_text_panics(texts in prop::array::uniform3(".{0,20}"), digits in "[0-9]{8}(T[0-9]{6}Z?)?") {
        let [start, end, zone] = &texts;
        for zone in [zone.as_str(), "", "UTC", "Europe/Berlin", "Pacific/Kiritimati"] {
            EventTime::parse(start, end, zone).over_at();
            EventTime::parse(&digits, end, zone).over_at();
            EventTime::parse(&digits, &digits, zone).over_at();
        }
    }
}
