//! Dates and times as calendars write them (RFC 5545 §3.3.4, §3.3.5).

use std::ops::Range;

use jiff::civil::{Date, DateTime, Time};

/// A start or an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// `YYYYMMDD`
    Day(Date),
    /// `YYYYMMDDTHHMMSS`: local to the event's zone.
    Local(DateTime),
    /// `YYYYMMDDTHHMMSSZ`
    Utc(DateTime),
}

impl Moment {
    /// Reads one; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (text, is_utc) = text.strip_suffix('Z').map_or((text, false), |text| (text, true));
        let digits =
            |text: &str, count| text.len() == count && text.bytes().all(|octet| octet.is_ascii_digit());
        let Some((day, time)) = text.split_once('T') else {
            return (digits(text, 8) && !is_utc).then(|| day_of(text)).flatten().map(Self::Day);
        };
        if !digits(day, 8) || !digits(time, 6) {
            return None;
        }
        let number = |range: Range<usize>| time.get(range)?.parse::<i8>().ok();
        // 60 is a leap second, which no clock here shows.
        let second = number(4..6)?.min(59);
        let time = Time::new(number(0..2)?, number(2..4)?, second, 0).ok()?;
        let time = day_of(day)?.to_datetime(time);
        Some(if is_utc { Self::Utc(time) } else { Self::Local(time) })
    }
}

fn day_of(text: &str) -> Option<Date> {
    let number = |range: Range<usize>| text.get(range)?.parse::<i16>().ok();
    let small = |range| i8::try_from(number(range)?).ok();
    Date::new(number(0..4)?, small(4..6)?, small(6..8)?).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_three_forms_are_read_and_nothing_else() {
        let time = date(2026, 11, 22).at(3, 17, 48, 0);
        assert_eq!(Moment::parse("20261122"), Some(Moment::Day(date(2026, 11, 22))));
        assert_eq!(Moment::parse("20261122T031748"), Some(Moment::Local(time)));
        assert_eq!(Moment::parse("20261122T031748Z"), Some(Moment::Utc(time)));
        for text in [
            "",
            "20261322",
            "20260230",
            "20261122T",
            "20261122T250000",
            "20261122Z",
            "2026-11-22",
            "+2026112",
        ] {
            assert_eq!(Moment::parse(text), None, "{text:?}");
        }
    }
}
