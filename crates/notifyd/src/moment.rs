//! Dates and times as calendars write them (RFC 5545 §3.3.4, §3.3.5, §3.2.19).

use std::ops::Range;

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};
use mailbox_event::CalendarAlarm;

/// A start or an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// `YYYYMMDD`
    Day(Date),
    /// `YYYYMMDDTHHMMSS`: local to the event's zone.
    Local(DateTime),
    /// `YYYYMMDDTHHMMSSZ`
    Utc(DateTime),
}

/// What the event's zone is to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Zone {
    /// The same hour wherever one is.
    Floating,
    /// A zone of the tz database.
    Known(TimeZone),
    /// A name that we cannot place.
    Unknown,
}

impl Moment {
    /// Reads one; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
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

    /// The last instant that it may mean: where no zone says better, that of the westernmost clocks.
    pub(crate) fn latest(self, zone: &Zone) -> Option<Timestamp> {
        let (time, zone) = match self {
            Self::Utc(time) => (time, &Zone::Known(TimeZone::UTC)),
            Self::Local(time) => (time, zone),
            Self::Day(day) => (day.to_datetime(Time::midnight()), zone),
        };
        match zone {
            Zone::Known(zone) => time.to_zoned(zone.clone()).ok().map(|time| time.timestamp()),
            Zone::Floating | Zone::Unknown => {
                let west = SignedDuration::from_hours(12);
                TimeZone::UTC.to_timestamp(time).ok()?.checked_add(west).ok()
            }
        }
    }
}

fn day_of(text: &str) -> Option<Date> {
    let number = |range: Range<usize>| text.get(range)?.parse::<i16>().ok();
    let small = |range| i8::try_from(number(range)?).ok();
    Date::new(number(0..4)?, small(4..6)?, small(6..8)?).ok()
}

/// The event's zone.
pub(crate) fn zone(alarm: &CalendarAlarm) -> Zone {
    match alarm.timezone.as_str() {
        "" | "[floating]" => Zone::Floating,
        "UTC" | "Etc/UTC" | "Z" => Zone::Known(TimeZone::UTC),
        name => TimeZone::get(name).map_or(Zone::Unknown, Zone::Known),
    }
}

/// The last instant at which the event may still go on; `None` where its dates cannot be read.
pub(crate) fn end(alarm: &CalendarAlarm) -> Option<Timestamp> {
    let zone = zone(alarm);
    let start = Moment::parse(&alarm.start)?;
    let last_of_start = match start {
        Moment::Day(day) => Moment::Day(day.tomorrow().ok()?),
        Moment::Local(_) | Moment::Utc(_) => start,
    };
    let end = Moment::parse(&alarm.end).and_then(|end| end.latest(&zone));
    end.max(last_of_start.latest(&zone))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,20}", digits in "[0-9]{8}T[0-9]{6}Z?") {
            for text in [text, digits] {
                if let Some(moment) = Moment::parse(&text) {
                    for zone in [Zone::Floating, Zone::Unknown, Zone::Known(TimeZone::UTC)] {
                        moment.latest(&zone);
                    }
                }
            }
        }
    }
}
