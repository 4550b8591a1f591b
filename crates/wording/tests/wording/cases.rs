//! The alarms of the tests.

use std::collections::BTreeMap;

use wording::{Alarm, Attendee, EventTime, Links, Locale, Participation, Reader, Wording};

/// The built-in words and templates.
pub fn wording() -> Wording {
    Wording::load(&BTreeMap::new()).unwrap()
}

/// Somebody who reads the language of `tag` in `zone`; without a name, in the zone of each event.
pub fn reader(tag: &str, zone: &str) -> Reader {
    let reader = Reader::of(Locale::negotiate(tag).unwrap());
    if zone.is_empty() { reader } else { reader.in_zone(zone).unwrap() }
}

/// A lunch with everything there is to tell.
pub fn lunch(time: EventTime) -> Alarm<'static> {
    let attendee = |name, email, participation| Attendee { name, email, participation };
    Alarm {
        title: "Team lunch, café",
        description: "Bring the plans\nand a pen.\n\nThe table is booked in the name of Müller.",
        location: "Café Müller, Köln",
        calendar: "personal",
        organiser: "alice@example.org",
        time,
        attendees: vec![
            attendee("Bob Builder", "bob@example.org", Some(Participation::Accepted)),
            attendee("Carol", "carol@example.org", Some(Participation::NeedsAction)),
            attendee("غسان", "ghassan@example.org", Some(Participation::Tentative)),
            attendee("", "dave@example.org", None),
        ],
        is_recurring: false,
        is_late: false,
        links: Links {
            mute_event: Some("https://mail.example.org/mute/e/q83v"),
            mute_all: Some("https://mail.example.org/mute/a/q83v"),
        },
    }
}

/// Only a title and a time.
pub fn plain(title: &'static str, time: EventTime) -> Alarm<'static> {
    Alarm {
        title,
        description: "",
        location: "",
        calendar: "",
        organiser: "",
        time,
        attendees: Vec::new(),
        is_recurring: false,
        is_late: false,
        links: Links::default(),
    }
}
