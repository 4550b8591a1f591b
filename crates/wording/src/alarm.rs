//! What is told of an alarm. Texts are those of strangers, unescaped and not cleaned.

use crate::EventTime;

/// A calendar alarm that goes off.
#[derive(Debug, Clone)]
pub struct Alarm<'a> {
    /// SUMMARY; may be empty, like every text here.
    pub title: &'a str,
    /// DESCRIPTION, of lines.
    pub description: &'a str,
    /// LOCATION.
    pub location: &'a str,
    /// The calendar's name.
    pub calendar: &'a str,
    /// The organiser's address.
    pub organiser: &'a str,
    /// When the event is.
    pub time: EventTime,
    /// Who takes part.
    pub attendees: Vec<Attendee<'a>>,
    /// Whether the event is one of a series.
    pub is_recurring: bool,
    /// Whether the mail comes so late that it has to say so.
    pub is_late: bool,
    /// Where the reader can stop such mail.
    pub links: Links<'a>,
}

/// Who takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attendee<'a> {
    /// CN.
    pub name: &'a str,
    /// The address, without `mailto:`.
    pub email: &'a str,
    /// The answer to the invitation; `None` says nothing of it.
    pub participation: Option<Participation>,
}

/// PARTSTAT (RFC 5545 §3.2.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the RFC")]
pub enum Participation {
    Accepted,
    Declined,
    Tentative,
    Delegated,
    NeedsAction,
}

/// Addresses of pages (https) that stop mail. Not shown where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Links<'a> {
    /// No more mail about this event.
    pub mute_event: Option<&'a str>,
    /// No more mail about any alarm.
    pub mute_all: Option<&'a str>,
}

impl Participation {
    /// Reads PARTSTAT in any case; what others mean by other words is not ours to say.
    pub fn parse(partstat: &str) -> Option<Self> {
        Some(match partstat.to_ascii_uppercase().as_str() {
            "ACCEPTED" => Self::Accepted,
            "DECLINED" => Self::Declined,
            "TENTATIVE" => Self::Tentative,
            "DELEGATED" => Self::Delegated,
            "NEEDS-ACTION" => Self::NeedsAction,
            _ => return None,
        })
    }
}
