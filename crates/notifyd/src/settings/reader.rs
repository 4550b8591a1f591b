//! How mail is worded for those of whom nothing is known.

use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, de::Error};
use wording::{HourCycle, Language, Locale, Reader};

/// The section `notifyd.reader`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReaderSettings {
    /// A BCP 47 tag; the region says how dates are written.
    #[serde(deserialize_with = "locale")]
    pub language: Locale,
    /// A zone of the tz database; nothing shows each event in its own.
    #[serde(deserialize_with = "zone")]
    pub zone: Option<TimeZone>,
    /// 12 or 24; nothing follows the language and region.
    #[serde(deserialize_with = "hours")]
    pub hours: Option<HourCycle>,
}

impl ReaderSettings {
    /// The reader that these describe.
    pub fn reader(&self) -> Reader {
        Reader { locale: self.language, zone: self.zone.clone(), hour_cycle: self.hours }
    }
}

impl Default for ReaderSettings {
    fn default() -> Self {
        Self { language: Language::English.into(), zone: None, hours: None }
    }
}

fn locale<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Locale, D::Error> {
    Locale::negotiate(&String::deserialize(deserializer)?)
        .ok_or_else(|| D::Error::custom("no language that mail is written in"))
}

fn zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TimeZone>, D::Error> {
    let name = String::deserialize(deserializer)?;
    // The library's error shows the name, which may be a secret in the wrong place.
    let zone = TimeZone::get(&name).map_err(|_| D::Error::custom("no time zone of the tz database"))?;
    Ok(Some(zone))
}

fn hours<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<HourCycle>, D::Error> {
    match u8::deserialize(deserializer)? {
        12 => Ok(Some(HourCycle::TwelveHours)),
        24 => Ok(Some(HourCycle::TwentyFourHours)),
        _ => Err(D::Error::custom("neither 12 nor 24")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::*;

    fn load(env: &[(&str, &str)]) -> Result<Settings, kit::config::ConfigErrors> {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        kit::config::load(None, env, "N")
    }

    #[test]
    fn reader_is_read() {
        let env =
            [("N__READER__LANGUAGE", "pt"), ("N__READER__ZONE", "Asia/Tokyo"), ("N__READER__HOURS", "12")];
        let reader = load(&env).unwrap().reader.reader();
        assert_eq!(reader.locale.language(), Language::BrazilianPortuguese);
        assert_eq!(reader.zone.and_then(|zone| zone.iana_name().map(str::to_owned)).unwrap(), "Asia/Tokyo");
        assert_eq!(reader.hour_cycle, Some(HourCycle::TwelveHours));
    }

    #[test]
    fn what_cannot_be_is_refused_and_not_shown() {
        let env =
            [("N__READER__LANGUAGE", "tlh"), ("N__READER__ZONE", "Mars/Olympus"), ("N__READER__HOURS", "13")];
        let errors = load(&env).unwrap_err().to_string();
        for part in [
            "reader.language: no language that mail is written in",
            "reader.zone: no time zone of the tz database",
            "reader.hours: ",
        ] {
            assert!(errors.contains(part), "{part} is not in {errors}");
        }
        assert!(!errors.contains("Olympus"), "{errors}");
    }
}
