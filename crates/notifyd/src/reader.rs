//! Who reads a mail: what the database knows of the recipient, over what is set for everybody.

use jiff::tz::TimeZone;
use wording::{HourCycle, Locale, Reader};

use crate::settings::ReaderSettings;

/// A language that no mail is written in and a zone that nobody knows are as if they were not there.
pub(crate) fn reader(known: store::Reader, everybody: &ReaderSettings) -> Reader {
    let everybody = everybody.reader();
    Reader {
        locale: known.language.and_then(|tag| Locale::negotiate(&tag)).unwrap_or(everybody.locale),
        zone: known.zone.and_then(|name| TimeZone::get(&name).ok()).or(everybody.zone),
        hour_cycle: known.hour_cycle.map(hour_cycle).or(everybody.hour_cycle),
    }
}

fn hour_cycle(known: store::HourCycle) -> HourCycle {
    match known {
        store::HourCycle::H12 => HourCycle::TwelveHours,
        store::HourCycle::H23 => HourCycle::TwentyFourHours,
    }
}

#[cfg(test)]
mod tests {
    use wording::Language;

    use super::*;

    fn known(language: &str, zone: &str, hour_cycle: Option<store::HourCycle>) -> store::Reader {
        store::Reader { language: Some(language.into()), zone: Some(zone.into()), hour_cycle }
    }

    fn zone(reader: &Reader) -> Option<&str> {
        reader.zone.as_ref().and_then(TimeZone::iana_name)
    }

    #[test]
    fn what_is_known_comes_first_and_nonsense_is_not_known() {
        let everybody = ReaderSettings {
            language: Language::French.into(),
            zone: Some(TimeZone::get("Europe/Paris").unwrap()),
            hours: Some(HourCycle::TwentyFourHours),
        };
        let alice = reader(known("pt-BR", "Asia/Tokyo", Some(store::HourCycle::H12)), &everybody);
        assert_eq!(alice.locale.language(), Language::BrazilianPortuguese);
        assert_eq!((zone(&alice), alice.hour_cycle), (Some("Asia/Tokyo"), Some(HourCycle::TwelveHours)));
        for unknown in [store::Reader::default(), known("tlh", "Mars/Olympus", None)] {
            let reader = reader(unknown, &everybody);
            assert_eq!(reader.locale.language(), Language::French);
            let expected = (Some("Europe/Paris"), Some(HourCycle::TwentyFourHours));
            assert_eq!((zone(&reader), reader.hour_cycle), expected);
        }
    }
}
