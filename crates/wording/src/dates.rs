//! Dates, times, zones and numbers as CLDR has them for a reader.

use icu_calendar::{Date as IcuDate, Gregorian};
use icu_datetime::{
    DateTimeFormatterPreferences, FixedCalendarDateTimeFormatter, NoCalendarFormatter,
    fieldsets::{
        T, YMDE,
        zone::{ExemplarCity, LocalizedOffsetShort},
    },
    input::{DateTime as IcuDateTime, Time as IcuTime},
    preferences::HourCycle as IcuHourCycle,
};
use icu_decimal::{DecimalFormatter, input::Decimal};
use icu_time::{
    TimeZone as IcuTimeZone,
    zone::{IanaParser, UtcOffset},
};
use jiff::{
    Zoned,
    civil::{Date, DateTime, Time},
    tz::Offset,
};

use crate::{HourCycle, Reader};

/// Writes for one reader. Where CLDR has nothing to say, which is not so for any language of ours, ISO 8601 speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dates {
    preferences: DateTimeFormatterPreferences,
}

impl Dates {
    /// For the reader's locale and hour cycle. The calendar is the Gregorian one, which the events are in.
    pub(crate) fn of(reader: &Reader) -> Self {
        let mut preferences = DateTimeFormatterPreferences::from(&reader.locale.icu());
        // The twelve hours of the locale: in Japan they begin with 0.
        preferences.hour_cycle = reader.hour_cycle.map(|cycle| match cycle {
            HourCycle::TwelveHours => IcuHourCycle::Clock12,
            HourCycle::TwentyFourHours => IcuHourCycle::Clock24,
        });
        Self { preferences }
    }

    /// `Sunday, November 22, 2026`
    pub(crate) fn day(self, day: Date) -> String {
        self.date(day, YMDE::long())
    }

    /// `Sun, Nov 22, 2026`
    pub(crate) fn short_day(self, day: Date) -> String {
        self.date(day, YMDE::medium())
    }

    /// `Sun, Nov 22, 2026, 3:17 AM`
    pub(crate) fn short_day_and_time(self, at: DateTime) -> String {
        let written = || at.to_string();
        let Some(date) = gregorian(at.date()) else { return written() };
        let formatter = FixedCalendarDateTimeFormatter::<Gregorian, _>::try_new(
            self.preferences,
            YMDE::medium().with_time_hm(),
        );
        let input = IcuDateTime { date, time: time_of_day(at.time()) };
        formatter.map_or_else(|_| written(), |formatter| formatter.format(&input).to_string())
    }

    /// `3:17 AM`
    pub(crate) fn time(self, time: Time) -> String {
        let formatter = NoCalendarFormatter::try_new(self.preferences, T::hm());
        let written = || time.to_string();
        formatter.map_or_else(|_| written(), |formatter| formatter.format(&time_of_day(time)).to_string())
    }

    /// The place that the zone is named after, like `Berlin`; `None` for zones of no place, like UTC.
    pub(crate) fn city(self, at: &Zoned) -> Option<String> {
        let name = at.time_zone().iana_name()?;
        let is_a_place = name.contains('/') && !name.starts_with("Etc/");
        let zone = IanaParser::new().parse(name);
        if !is_a_place || zone == IcuTimeZone::UNKNOWN {
            return None;
        }
        let formatter = NoCalendarFormatter::try_new(self.preferences, ExemplarCity).ok()?;
        Some(formatter.format(&zone.without_offset()).to_string())
    }

    /// `GMT+1`
    pub(crate) fn offset(self, offset: Offset) -> String {
        let written = || format!("UTC{offset}");
        if offset == Offset::UTC {
            return "UTC".to_owned();
        }
        let Ok(input) = UtcOffset::try_from_seconds(offset.seconds()) else { return written() };
        let formatter = NoCalendarFormatter::try_new(self.preferences, LocalizedOffsetShort);
        formatter.map_or_else(|_| written(), |formatter| formatter.format(&input).to_string())
    }

    /// A number in the reader's digits.
    pub(crate) fn number(self, number: usize) -> String {
        let formatter = DecimalFormatter::try_new((&self.preferences).into(), Default::default());
        formatter.map_or_else(
            |_| number.to_string(),
            |formatter| formatter.format(&Decimal::from(number)).to_string(),
        )
    }

    fn date(self, day: Date, fields: YMDE) -> String {
        let written = || day.to_string();
        let Some(input) = gregorian(day) else { return written() };
        let formatter = FixedCalendarDateTimeFormatter::<Gregorian, _>::try_new(self.preferences, fields);
        formatter.map_or_else(|_| written(), |formatter| formatter.format(&input).to_string())
    }
}

fn gregorian(day: Date) -> Option<IcuDate<Gregorian>> {
    let month = u8::try_from(day.month()).ok()?;
    IcuDate::try_new_gregorian(day.year().into(), month, u8::try_from(day.day()).ok()?).ok()
}

/// Seconds are not told: alarms are about minutes.
fn time_of_day(time: Time) -> IcuTime {
    let part = |part: i8| u8::try_from(part).unwrap_or_default();
    IcuTime::try_new(part(time.hour()), part(time.minute()), 0, 0).unwrap_or(IcuTime::start_of_day())
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;
    use crate::Locale;

    fn dates(tag: &str, hour_cycle: Option<HourCycle>) -> Dates {
        let locale = Locale::negotiate(tag).unwrap();
        Dates::of(&Reader { locale, zone: None, hour_cycle })
    }

    #[test]
    fn locale_decides_unless_the_reader_does() {
        let (twelve, twenty_four) = (Some(HourCycle::TwelveHours), Some(HourCycle::TwentyFourHours));
        let rows = [
            ("en", None, "3:17\u{202f}PM"),
            ("en", twenty_four, "15:17"),
            ("en-GB", None, "15:17"),
            ("de", None, "15:17"),
            ("de", twelve, "3:17\u{202f}PM"),
            ("ja", twelve, "午後3:17"),
        ];
        for (tag, cycle, expected) in rows {
            assert_eq!(dates(tag, cycle).time(time(15, 17, 48, 0)), expected, "{tag} {cycle:?}");
        }
        assert_eq!(dates("en-GB", None).day(date(2026, 11, 22)), "Sunday, 22 November 2026");
    }

    #[test]
    fn dates_out_of_all_proportion_are_written_somehow() {
        for year in [-9999, 0, 1, 9999] {
            let day = date(year, 12, 31);
            assert!(!dates("ar", None).day(day).is_empty());
            assert!(!dates("ja", None).short_day_and_time(day.at(23, 59, 0, 0)).is_empty());
        }
    }

    #[test]
    fn zones_are_named_by_their_city() {
        let at = |zone: &str| date(2026, 11, 22).at(3, 0, 0, 0).in_tz(zone).unwrap();
        assert_eq!(dates("de", None).city(&at("Europe/Rome")).as_deref(), Some("Rom"));
        assert_eq!(dates("en", None).city(&at("America/St_Johns")).as_deref(), Some("St. John’s"));
        assert_eq!(dates("de", None).city(&at("Etc/GMT+5")), None);
        assert_eq!(dates("de", None).city(&at("UTC")), None);
        assert_eq!(dates("fr", None).offset(at("America/St_Johns").offset()), "UTC-3:30");
    }
}
