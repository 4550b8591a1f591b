use super::*;
use crate::{Language, Locale};

fn told(reader: &Reader, start: &str, end: &str, zone: &str) -> When {
    let words = Words::load(reader.locale.language(), None).unwrap();
    let teller = Teller { reader, dates: Dates::of(reader), words: &words };
    teller.when(&EventTime::parse(start, end, zone))
}

fn british(zone: &str) -> Reader {
    Reader::of(Locale::negotiate("en-GB").unwrap()).in_zone(zone).unwrap()
}

#[test]
fn table() {
    let rows = [
        (
            "20261122T031748",
            "20261122T041748",
            "Europe/Berlin",
            "Sunday, 22 November 2026, 03:17 – 04:17 (Berlin, GMT+1)",
        ),
        (
            "20260701T220000",
            "20260702T010000",
            "Europe/Berlin",
            "Wednesday, 1 July 2026, 22:00 – Thursday, 2 July 2026, 01:00 (Berlin, GMT+2)",
        ),
        (
            "20261122T031748",
            "20261122T031759",
            "Europe/Rome",
            "Sunday, 22 November 2026, 03:17 (Berlin, GMT+1)",
        ),
        (
            "20261122T031748Z",
            "20261122T041748Z",
            "Europe/Berlin",
            "Sunday, 22 November 2026, 04:17 – 05:17 (Berlin, GMT+1)",
        ),
        (
            "20261122T031748",
            "20261122T041748",
            "[floating]",
            "Sunday, 22 November 2026, 03:17 – 04:17 (your local time)",
        ),
        ("20261122", "20261123", "", "Sunday, 22 November 2026, all day"),
        (
            "20261122",
            "20261125",
            "America/New_York",
            "Sunday, 22 November 2026 – Tuesday, 24 November 2026, all day",
        ),
        (
            "20261122T031748",
            "20261122T041748",
            "Mars/Olympus",
            "Sunday, 22 November 2026, 03:17 – 04:17 (Mars/Olympus)",
        ),
        ("next\r\nweek", "20261122T041748", "Europe/Berlin", "next week Europe/Berlin"),
        ("", "", "", "at a time that the calendar does not tell"),
    ];
    for (start, end, zone, expected) in rows {
        let when = told(&british("Europe/Berlin"), start, end, zone);
        assert_eq!(when.here, expected, "{start} {zone}");
        assert_eq!(when.there, None, "the clocks show the same");
    }
}

#[test]
fn clocks_of_the_event_are_told_where_they_differ_at_that_time() {
    let there = |zone: &str, start: &str| told(&british(zone), start, start, "Europe/London").there;
    assert_eq!(
        there("America/New_York", "20261122T150000").as_deref(),
        Some("Sunday, 22 November 2026, 15:00 (London, UTC)")
    );
    // Between the two changes of spring the clocks of Lisbon show what those of London show.
    assert_eq!(there("Europe/Lisbon", "20261122T150000"), None);
    let reykjavik = there("Atlantic/Reykjavik", "20260722T150000");
    assert_eq!(reykjavik.as_deref(), Some("Wednesday, 22 July 2026, 15:00 (London, GMT+1)"));
    assert_eq!(there("Atlantic/Reykjavik", "20261122T150000"), None);
}

#[test]
fn times_around_a_change_of_the_clocks_say_by_which_they_are_told() {
    let night = told(&british("Europe/Berlin"), "20261024T233000Z", "20261025T013000Z", "Europe/Berlin");
    assert_eq!(night.here, "Sunday, 25 October 2026, 01:30 GMT+2 – 02:30 GMT+1 (Berlin)");
    // The hour that comes twice: an hour long, though both clocks show the same.
    let twice = told(&british("Europe/Berlin"), "20261025T003000Z", "20261025T013000Z", "Europe/Berlin");
    assert_eq!(twice.here, "Sunday, 25 October 2026, 02:30 GMT+2 – 02:30 GMT+1 (Berlin)");
    // A day long by the calendar of a reader whose clocks do not change.
    let utc = told(&british("UTC"), "20261024T233000Z", "20261025T013000Z", "Europe/Berlin");
    assert_eq!(utc.here, "Saturday, 24 October 2026, 23:30 – Sunday, 25 October 2026, 01:30 (UTC)");
    assert!(utc.there.is_some());
}

#[test]
fn without_a_zone_of_the_reader_the_events_is_used() {
    let when = told(&Reader::of(Language::English), "20261122T150000", "", "America/St_Johns");
    assert_eq!(when.here, "Sunday, November 22, 2026, 3:00\u{202f}PM (St. John’s, GMT-3:30)");
    assert_eq!(when.start, "Sun, Nov 22, 2026, 3:00\u{202f}PM");
}

#[test]
fn what_cannot_be_placed_is_said_plainly() {
    let when = told(&british("Europe/Berlin"), "20261122T150000", "", "Mars/\u{202e}Olympus");
    assert!(when.note.unwrap().contains("“Mars/Olympus”, is not known here"));
    let when = told(&british("Europe/Berlin"), "99991231T235959", "99991231T235959", "America/New_York");
    assert!(when.here.starts_with("99991231T235959 America/New_York") || when.here.contains("9999"));
}
