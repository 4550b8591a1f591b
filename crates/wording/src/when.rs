//! When an event is, in words.

#[cfg(test)]
mod tests;

use jiff::{
    Zoned,
    civil::{Date, DateTime},
};

use crate::{
    EventTime, Reader, clean,
    dates::Dates,
    direction::isolate,
    words::{Word, Words},
};

/// Characters of a date or a zone that is shown as it was written.
const LONGEST_WRITTEN: usize = 60;

/// When an event is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct When {
    /// The start, for a subject. A date and never `tomorrow`: a subject is read on other days too.
    pub(crate) start: String,
    /// All of it, on the reader's clocks.
    pub(crate) here: String,
    /// All of it, on the event's clocks, where they show something else.
    pub(crate) there: Option<String>,
    /// What the reader has to know about it.
    pub(crate) note: Option<String>,
}

/// Tells one reader.
#[derive(Clone, Copy)]
pub(crate) struct Teller<'a> {
    pub(crate) reader: &'a Reader,
    pub(crate) dates: Dates,
    pub(crate) words: &'a Words,
}

/// A time of day on its day, in words.
struct Told {
    day: Date,
    time: String,
}

impl Teller<'_> {
    /// When `time` is.
    pub(crate) fn when(self, time: &EventTime) -> When {
        match time {
            EventTime::Days { first, last, .. } => self.days(*first, *last),
            EventTime::Zoned { start, end } => self.zoned(start, end),
            EventTime::Floating { start, end } => {
                let zone = self.words.plain(Word::ZoneFloating);
                let here = self.in_zone(self.written_span(*start, *end), zone);
                When { start: self.dates.short_day_and_time(*start), here, there: None, note: None }
            }
            EventTime::UnknownZone { start, end, zone } => self.unplaced(*start, *end, zone),
            EventTime::Unreadable { start, zone } => self.unreadable(start, zone),
        }
    }

    /// Days are the same days everywhere: no zone is told.
    fn days(self, first: Date, last: Date) -> When {
        let from_to = |first_day: String, last_day: String| {
            if first == last {
                return first_day;
            }
            self.words.say(Word::Days, &[("first", first_day.into()), ("last", last_day.into())])
        };
        let start = from_to(self.dates.short_day(first), self.dates.short_day(last));
        let days = from_to(self.dates.day(first), self.dates.day(last));
        let here = self.words.say(Word::AllDay, &[("days", days.into())]);
        When { start, here, there: None, note: None }
    }

    fn zoned(self, start: &Zoned, end: &Zoned) -> When {
        let zone = self.reader.zone.as_ref().unwrap_or(start.time_zone());
        let here = [start, end].map(|time| time.with_time_zone(zone.clone()));
        let differs = here[0].offset() != start.offset() || here[1].offset() != end.offset();
        When {
            start: self.dates.short_day_and_time(here[0].datetime()),
            here: self.zoned_span(&here[0], &here[1]),
            there: differs.then(|| self.zoned_span(start, end)),
            note: None,
        }
    }

    fn unplaced(self, start: DateTime, end: DateTime, zone: &str) -> When {
        let zone = self.isolated(&clean::line(zone, LONGEST_WRITTEN));
        When {
            start: self.dates.short_day_and_time(start),
            here: self.in_zone(self.written_span(start, end), zone.clone()),
            there: None,
            note: Some(self.words.say(Word::ZoneUnknown, &[("zone", zone.into())])),
        }
    }

    fn unreadable(self, start: &str, zone: &str) -> When {
        let parts = [start, zone].map(|text| clean::line(text, LONGEST_WRITTEN));
        let shown: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let (here, note) = if shown.is_empty() {
            (self.words.plain(Word::TimeUnknown), None)
        } else {
            (self.isolated(&shown.join(" ")), Some(self.words.plain(Word::TimeUnreadable)))
        };
        When { start: here.clone(), here, there: None, note }
    }

    /// Where the clocks change between start and end, each time says by which it is told.
    fn zoned_span(self, start: &Zoned, end: &Zoned) -> String {
        let clocks_change = start.offset() != end.offset();
        let told = |at: &Zoned| {
            let time = self.dates.time(at.time());
            let time = if clocks_change {
                let offset = self.dates.offset(at.offset());
                self.words.say(Word::TimeWithOffset, &[("time", time.into()), ("offset", offset.into())])
            } else {
                time
            };
            Told { day: at.date(), time }
        };
        let span = self.span(&told(start), &told(end));
        match (self.dates.city(start), clocks_change) {
            (Some(city), true) => self.in_zone(span, city),
            (None, true) => span,
            (city, false) => {
                let offset = self.dates.offset(start.offset());
                let zone = match city {
                    Some(city) => {
                        self.words.say(Word::Zone, &[("city", city.into()), ("offset", offset.into())])
                    }
                    None => offset,
                };
                self.in_zone(span, zone)
            }
        }
    }

    fn written_span(self, start: DateTime, end: DateTime) -> String {
        let told = |at: DateTime| Told { day: at.date(), time: self.dates.time(at.time()) };
        self.span(&told(start), &told(end))
    }

    fn span(self, start: &Told, end: &Told) -> String {
        let mut values = vec![
            ("day", self.dates.day(start.day).into()),
            ("from", start.time.as_str().into()),
            ("to", end.time.as_str().into()),
        ];
        let word = match (start.day == end.day, start.time == end.time) {
            (true, true) => Word::Point,
            (true, false) => Word::SameDay,
            (false, _) => {
                values.push(("last", self.dates.day(end.day).into()));
                Word::OtherDay
            }
        };
        self.words.say(word, &values)
    }

    fn in_zone(self, time: String, zone: String) -> String {
        self.words.say(Word::InZone, &[("time", time.into()), ("zone", zone.into())])
    }

    fn isolated(self, text: &str) -> String {
        isolate(text, self.reader.locale.language().direction()).into_owned()
    }
}
