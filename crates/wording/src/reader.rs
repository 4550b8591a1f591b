//! Who reads a mail.

use jiff::tz::TimeZone;

use crate::Locale;

/// How hours are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HourCycle {
    /// Twice to twelve.
    TwelveHours,
    /// Midnight is 0.
    TwentyFourHours,
}

/// What is known of who reads a mail.
#[derive(Debug, Clone)]
pub struct Reader {
    /// Language, and the region whose customs dates follow.
    pub locale: Locale,
    /// Where the reader is; `None` shows each event in its own zone.
    pub zone: Option<TimeZone>,
    /// `None` follows the locale.
    pub hour_cycle: Option<HourCycle>,
}

/// A name that no zone of the tz database has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("time zone is not one of the tz database")]
pub struct UnknownZone;

impl Reader {
    /// A reader of whom nothing is known but the language.
    pub fn of(locale: impl Into<Locale>) -> Self {
        Self { locale: locale.into(), zone: None, hour_cycle: None }
    }

    /// The same reader in the zone with this name (tz database).
    pub fn in_zone(self, name: &str) -> Result<Self, UnknownZone> {
        let zone = TimeZone::get(name).map_err(|_| UnknownZone)?;
        Ok(Self { zone: Some(zone), ..self })
    }
}
