//! An event as other calendars read it (RFC 5545). A copy for people, not a message between calendars: it has no METHOD, no
//! attendees and no alarm, so that no program answers it, invites anybody, or rings.

mod line;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use crate::{Alarm, EventTime, clean};
use line::{push, text};

/// Characters of a title or a place.
const LONGEST_LINE: usize = 500;
/// Octets of a description; the mail shows as much.
const LONGEST_DESCRIPTION: usize = 10_000;
/// Octets of an identifier.
const LONGEST_UID: usize = 255;

impl Alarm<'_> {
    /// The event as an iCalendar object, lines with CRLF; nothing where its time cannot be told to another calendar.
    ///
    /// An instance of a series, and what may be one, gets a `uid` of its own: under the series' it would take its place where
    /// somebody adds it to a calendar. `stamp` is when this was known.
    pub fn calendar_object(&self, uid: &str, stamp: Timestamp) -> Option<String> {
        let mut object = String::from(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//mailpush//notifyd//EN\r\nBEGIN:VEVENT\r\n",
        );
        push(&mut object, "UID", &text(&clean::line(uid, LONGEST_UID)));
        push(&mut object, "DTSTAMP", &utc(stamp));
        push_times(&mut object, &self.time)?;
        let (title, place) =
            (clean::line(self.title, LONGEST_LINE), clean::line(self.location, LONGEST_LINE));
        let description = clean::lines(self.description, LONGEST_DESCRIPTION);
        for (name, value) in [("SUMMARY", title), ("LOCATION", place), ("DESCRIPTION", description)] {
            if !value.is_empty() {
                push(&mut object, name, &text(&value));
            }
        }
        if let Some(address) = plain_address(self.organiser) {
            push(&mut object, "ORGANIZER", &format!("mailto:{address}"));
        }
        object.push_str("END:VEVENT\r\nEND:VCALENDAR\r\n");
        Some(object)
    }
}

/// UTC needs no VTIMEZONE beside it, and says the same.
fn push_times(object: &mut String, time: &EventTime) -> Option<()> {
    let (start, end) = match time {
        EventTime::Days { first, last, .. } => {
            push(object, "DTSTART;VALUE=DATE", &first.strftime("%Y%m%d").to_string());
            // DTEND is the day after the last (§3.6.1).
            push(object, "DTEND;VALUE=DATE", &last.tomorrow().ok()?.strftime("%Y%m%d").to_string());
            return Some(());
        }
        EventTime::Zoned { start, end } => (utc(start.timestamp()), utc(end.timestamp())),
        EventTime::Floating { start, end } => (local(*start), local(*end)),
        EventTime::UnknownZone { .. } | EventTime::Unreadable { .. } => return None,
    };
    push(object, "DTSTART", &start);
    // Without a DTEND the event ends as it begins; with the same it would be wrong (§3.8.2.2).
    if end != start {
        push(object, "DTEND", &end);
    }
    Some(())
}

fn utc(time: Timestamp) -> String {
    local(time.to_zoned(TimeZone::UTC).datetime()) + "Z"
}

fn local(time: DateTime) -> String {
    time.strftime("%Y%m%dT%H%M%S").to_string()
}

/// An address that stands in a URI as it is (RFC 6068 §2).
fn plain_address(text: &str) -> Option<&str> {
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || b".-_+@".contains(&octet);
    let (local, domain) = text.split_once('@')?;
    let is_whole = !local.is_empty() && !domain.is_empty() && !domain.contains('@');
    (is_whole && text.len() <= LONGEST_UID && text.bytes().all(is_plain)).then_some(text)
}

#[cfg(test)]
mod tests;
