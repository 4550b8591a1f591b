//! When an event is.

mod moment;
#[cfg(test)]
mod tests;

use jiff::{
    SignedDuration, Timestamp, Zoned,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use moment::Moment;

/// When an event is. The end is never before the start, and is the start where none is given.
#[derive(Debug, Clone, PartialEq)]
pub enum EventTime {
    /// Whole days.
    Days {
        /// The first day.
        first: Date,
        /// The last day; the same for one day.
        last: Date,
        /// Whose days, where that is known.
        zone: Option<TimeZone>,
    },
    /// At a place.
    Zoned {
        /// In the event's zone.
        start: Zoned,
        /// In the event's zone.
        end: Zoned,
    },
    /// At the same hour wherever one is.
    Floating {
        /// As written.
        start: DateTime,
        /// As written.
        end: DateTime,
    },
    /// In a zone that nobody can place.
    UnknownZone {
        /// As written.
        start: DateTime,
        /// As written.
        end: DateTime,
        /// The zone's name, as written.
        zone: String,
    },
    /// The start cannot be read.
    Unreadable {
        /// As written.
        start: String,
        /// As written.
        zone: String,
    },
}

/// What the event's zone is to us.
enum Zone {
    Floating,
    Known(TimeZone),
    Unknown(String),
}

/// The westernmost clocks are this far behind UTC.
const WESTERNMOST: SignedDuration = SignedDuration::from_hours(12);

impl EventTime {
    /// Reads DTSTART and DTEND (`YYYYMMDD`, `YYYYMMDDTHHMMSS`, or the same with `Z`) and the zone's name: one of the
    /// tz database, `UTC`, `[floating]` or nothing. A day as the end is the one after the last (RFC 5545 §3.6.1).
    pub fn parse(start: &str, end: &str, zone: &str) -> Self {
        let times = match (Moment::parse(start), Moment::parse(end)) {
            (Some(Moment::Day(first)), end) => Some(days(first, end, Zone::named(zone))),
            (Some(Moment::Local(start)), end) => local(start, end, Zone::named(zone)),
            (Some(Moment::Utc(start)), end) => utc(start, end, Zone::named(zone)),
            (None, _) => None,
        };
        times.unwrap_or_else(|| Self::Unreadable { start: start.to_owned(), zone: zone.to_owned() })
    }

    /// When the event is over everywhere it may be meant: where no zone says better, on the westernmost clocks.
    /// `None` where the times cannot be read.
    pub fn over_at(&self) -> Option<Timestamp> {
        let (end, zone) = match self {
            Self::Zoned { end, .. } => return Some(end.timestamp()),
            Self::Days { last, zone, .. } => (last.tomorrow().ok()?.at(0, 0, 0, 0), zone.as_ref()),
            Self::Floating { end, .. } | Self::UnknownZone { end, .. } => (*end, None),
            Self::Unreadable { .. } => return None,
        };
        match zone {
            Some(zone) => zone.to_timestamp(end).ok(),
            None => TimeZone::UTC.to_timestamp(end).ok()?.checked_add(WESTERNMOST).ok(),
        }
    }
}

impl Zone {
    fn named(name: &str) -> Self {
        match name {
            "" | "[floating]" => Self::Floating,
            "UTC" | "Etc/UTC" | "Z" => Self::Known(TimeZone::UTC),
            name => TimeZone::get(name).map_or_else(|_| Self::Unknown(name.to_owned()), Self::Known),
        }
    }
}

fn days(first: Date, end: Option<Moment>, zone: Zone) -> EventTime {
    let last = match end {
        Some(Moment::Day(end)) => end.yesterday().unwrap_or(first).max(first),
        Some(Moment::Local(_) | Moment::Utc(_)) | None => first,
    };
    let zone = match zone {
        Zone::Known(zone) => Some(zone),
        Zone::Floating | Zone::Unknown(_) => None,
    };
    EventTime::Days { first, last, zone }
}

/// `None` for times beyond what a zone can be computed for.
fn local(start: DateTime, end: Option<Moment>, zone: Zone) -> Option<EventTime> {
    let written = match end {
        Some(Moment::Local(end)) => end.max(start),
        Some(Moment::Day(day)) => day.at(0, 0, 0, 0).max(start),
        Some(Moment::Utc(_)) | None => start,
    };
    Some(match zone {
        Zone::Floating => EventTime::Floating { start, end: written },
        Zone::Unknown(zone) => EventTime::UnknownZone { start, end: written, zone },
        Zone::Known(zone) => {
            let end = end.and_then(|end| zoned(end, &zone));
            ordered(start.to_zoned(zone).ok()?, end)
        }
    })
}

/// Times that are written in UTC, told in the event's zone where there is one.
fn utc(start: DateTime, end: Option<Moment>, zone: Zone) -> Option<EventTime> {
    let zone = match zone {
        Zone::Known(zone) => zone,
        Zone::Floating | Zone::Unknown(_) => TimeZone::UTC,
    };
    let end = end.and_then(|end| zoned(end, &zone));
    Some(ordered(zoned(Moment::Utc(start), &zone)?, end))
}

fn zoned(moment: Moment, zone: &TimeZone) -> Option<Zoned> {
    match moment {
        Moment::Day(day) => day.to_zoned(zone.clone()).ok(),
        Moment::Local(time) => time.to_zoned(zone.clone()).ok(),
        Moment::Utc(time) => Some(time.to_zoned(TimeZone::UTC).ok()?.with_time_zone(zone.clone())),
    }
}

fn ordered(start: Zoned, end: Option<Zoned>) -> EventTime {
    let end = end.filter(|end| *end > start).unwrap_or_else(|| start.clone());
    EventTime::Zoned { start, end }
}
