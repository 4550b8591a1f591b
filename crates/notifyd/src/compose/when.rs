//! When an event is, in words.

use jiff::{
    Zoned,
    civil::{Date, DateTime},
    fmt::strtime,
    tz::TimeZone,
};
use mailbox_event::CalendarAlarm;

use super::clean;
use crate::moment::{Moment, Zone, zone};

/// Longest date or zone that is shown as it was written.
const LONGEST_TEXT: usize = 60;

/// `Sunday 22 November 2026, 03:17 to 04:17 (Europe/Berlin, UTC+01:00)` and its like. What cannot be read is shown
/// as it was written.
pub(super) fn when(alarm: &CalendarAlarm) -> String {
    match (Moment::parse(&alarm.start), Moment::parse(&alarm.end)) {
        (Some(Moment::Day(start)), Some(Moment::Day(end))) => days(start, end),
        (Some(Moment::Day(start)), _) => days(start, start),
        (Some(Moment::Local(start)), Some(Moment::Local(end))) => {
            format!("{} ({})", times(start, end), zone_name(alarm, start))
        }
        (Some(Moment::Local(start)), _) => format!("{} ({})", times(start, start), zone_name(alarm, start)),
        (Some(Moment::Utc(start)), Some(Moment::Utc(end))) => in_zone(alarm, start, end),
        (Some(Moment::Utc(start)), _) => in_zone(alarm, start, start),
        (None, _) => as_written(alarm),
    }
}

/// The end of an event of days is the day after its last (RFC 5545 §3.6.1).
fn days(start: Date, end: Date) -> String {
    match end.yesterday() {
        Ok(last) if last > start => format!("{} to {}, all day", day(start), day(last)),
        Ok(_) | Err(_) => format!("{}, all day", day(start)),
    }
}

fn times(start: DateTime, end: DateTime) -> String {
    let from = format!("{}, {}", day(start.date()), hour(start));
    if end <= start {
        from
    } else if end.date() == start.date() {
        format!("{from} to {}", hour(end))
    } else {
        format!("{from} to {}, {}", day(end.date()), hour(end))
    }
}

/// Times that are written in UTC, told in the event's zone where there is one.
fn in_zone(alarm: &CalendarAlarm, start: DateTime, end: DateTime) -> String {
    let zone = match zone(alarm) {
        Zone::Known(zone) => zone,
        Zone::Floating | Zone::Unknown => TimeZone::UTC,
    };
    let local = |time: DateTime| time.to_zoned(TimeZone::UTC).map(|time| time.with_time_zone(zone.clone()));
    match (local(start), local(end)) {
        (Ok(start), Ok(end)) => format!("{} ({})", times(start.datetime(), end.datetime()), name_of(&start)),
        (Err(_), _) | (_, Err(_)) => as_written(alarm),
    }
}

fn zone_name(alarm: &CalendarAlarm, start: DateTime) -> String {
    let written = || clean::line(&alarm.timezone, LONGEST_TEXT);
    match zone(alarm) {
        Zone::Floating => "your local time".to_owned(),
        Zone::Unknown => written(),
        Zone::Known(zone) => start.to_zoned(zone).map_or_else(|_| written(), |start| name_of(&start)),
    }
}

fn name_of(start: &Zoned) -> String {
    match start.time_zone().iana_name() {
        None | Some("UTC") => "UTC".to_owned(),
        Some(name) => strtime::format("%:z", start)
            .map_or_else(|_| name.to_owned(), |offset| format!("{name}, UTC{offset}")),
    }
}

fn day(date: Date) -> String {
    date.strftime("%A %-d %B %Y").to_string()
}

fn hour(time: DateTime) -> String {
    time.strftime("%H:%M").to_string()
}

fn as_written(alarm: &CalendarAlarm) -> String {
    let parts = [&alarm.start, &alarm.timezone].map(|text| clean::line(text, LONGEST_TEXT));
    let shown: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if shown.is_empty() { "at a time that the calendar does not tell".to_owned() } else { shown.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::tests::captured;

    fn told(timezone: &str, start: &str, end: &str) -> String {
        let mut alarm = captured();
        (alarm.timezone, alarm.start, alarm.end) = (timezone.into(), start.into(), end.into());
        when(&alarm)
    }

    #[test]
    fn table() {
        let rows = [
            (
                "Europe/Berlin",
                "20261122T031748",
                "20261122T041748",
                "Sunday 22 November 2026, 03:17 to 04:17 (Europe/Berlin, UTC+01:00)",
            ),
            (
                "Europe/Berlin",
                "20260701T220000",
                "20260702T010000",
                "Wednesday 1 July 2026, 22:00 to Thursday 2 July 2026, 01:00 (Europe/Berlin, UTC+02:00)",
            ),
            (
                "America/St_Johns",
                "20260101T000000",
                "20260101T000000",
                "Thursday 1 January 2026, 00:00 (America/St_Johns, UTC-03:30)",
            ),
            ("UTC", "20261122T031748", "20261122T041748", "Sunday 22 November 2026, 03:17 to 04:17 (UTC)"),
            (
                "Europe/Berlin",
                "20261122T031748Z",
                "20261122T041748Z",
                "Sunday 22 November 2026, 04:17 to 05:17 (Europe/Berlin, UTC+01:00)",
            ),
            (
                "[floating]",
                "20261122T031748",
                "20261122T041748",
                "Sunday 22 November 2026, 03:17 to 04:17 (your local time)",
            ),
            ("[floating]", "20261122", "20261123", "Sunday 22 November 2026, all day"),
            (
                "Europe/Berlin",
                "20261122",
                "20261125",
                "Sunday 22 November 2026 to Tuesday 24 November 2026, all day",
            ),
            ("", "20261122", "", "Sunday 22 November 2026, all day"),
            (
                "Mars/Olympus",
                "20261122T031748",
                "20261122T041748",
                "Sunday 22 November 2026, 03:17 to 04:17 (Mars/Olympus)",
            ),
            ("Europe/Berlin", "next\r\nweek", "20261122T041748", "next week Europe/Berlin"),
            ("", "", "", "at a time that the calendar does not tell"),
        ];
        for (timezone, start, end, expected) in rows {
            assert_eq!(told(timezone, start, end), expected);
        }
    }

    #[test]
    fn hours_that_do_not_exist_are_told_as_written() {
        let told = told("Europe/Berlin", "20260329T023000", "20260329T033000");
        assert!(told.starts_with("Sunday 29 March 2026, 02:30 to 03:30 (Europe/Berlin"), "{told}");
    }
}
