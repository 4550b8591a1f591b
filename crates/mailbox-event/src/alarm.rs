//! Calendar alarms as the mail server announces them.

use serde::{Deserialize, Serialize};

use crate::Account;

/// What the alarm asks for (RFC 5545 §3.6.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmAction {
    /// Show something on the user's screens.
    Display,
    /// Send mail to the recipients.
    Email,
}

/// One attendee of the event.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Attendee {
    /// CN; may be empty.
    pub name: String,
    /// The calendar address without `mailto:`.
    pub email: String,
    /// PARTSTAT, upper case; may be empty.
    pub status: String,
}

/// An alarm that goes off now. Texts are unescaped (RFC 5545 §3.3.11).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarAlarm {
    /// Whose calendar it is in.
    pub account: Account,
    /// What it asks for.
    pub action: AlarmAction,
    /// The calendar's id (its last folder name in Cyrus).
    pub calendar_id: String,
    /// The calendar's display name.
    pub calendar_name: String,
    /// The event's UID.
    pub uid: String,
    /// RECURRENCE-ID of the instance; absent before Cyrus 3.8.
    pub recurrence_id: Option<String>,
    /// JMAP's id of the event; absent before Cyrus 3.8.
    pub calendar_event_id: Option<String>,
    /// The alarm's id; absent before Cyrus 3.8.
    pub alert_id: Option<String>,
    /// When the alarm goes off, `YYYYMMDDTHHMMSS`, local to the *server* in 3.6; kept as written.
    pub alarm_time: String,
    /// Addresses to tell, without `mailto:`. Empty for display alarms.
    pub recipients: Vec<String>,
    /// SUMMARY.
    pub summary: String,
    /// DESCRIPTION.
    pub description: String,
    /// LOCATION.
    pub location: String,
    /// The time zone of `start` and `end`: a tzid, `UTC` or `[floating]`.
    pub timezone: String,
    /// Start of the event, `YYYYMMDDTHHMMSS` or `YYYYMMDD`, local to `timezone`.
    pub start: String,
    /// End of the event, like `start`.
    pub end: String,
    /// Whether the event has dates instead of times.
    pub all_day: bool,
    /// Who takes part.
    pub attendees: Vec<Attendee>,
    /// The organiser's calendar address without `mailto:`; may be empty.
    pub organizer: String,
}
