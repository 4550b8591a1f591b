//! The one-shot event of a display alarm.

use mailbox_event::CalendarAlarm;
use serde::{Deserialize, Serialize};

/// JMAP Calendars' CalendarAlert (draft-ietf-jmap-calendars, "Push Notifications"): the data of the event
/// `calendarAlert` on a stream. Ids that the mail server does not tell are null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "@type", rename = "CalendarAlert", rename_all = "camelCase")]
pub struct CalendarAlert {
    /// The account as the mail server's JMAP Session names it.
    pub account_id: String,
    /// The CalendarEvent's id.
    pub calendar_event_id: Option<String>,
    /// The event's UID (RFC 5545 §3.8.4.7).
    pub uid: String,
    /// Which instance of a recurring event, `None` for others.
    pub recurrence_id: Option<String>,
    /// The id of the alert within the event.
    pub alert_id: Option<String>,
}

impl CalendarAlert {
    /// What is told of `alarm`; `account_id` is what the mail server calls the account.
    pub fn new(alarm: &CalendarAlarm, account_id: &str) -> Self {
        Self {
            account_id: account_id.to_owned(),
            calendar_event_id: alarm.calendar_event_id.clone(),
            uid: alarm.uid.clone(),
            recurrence_id: alarm.recurrence_id.clone(),
            alert_id: alarm.alert_id.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use mailbox_event::{AlarmAction, Notification};

    use super::*;
    use crate::sample;

    #[test]
    fn ids_that_the_server_does_not_tell_are_null() {
        let Notification::Alarm(alarm) = sample::alarm(AlarmAction::Display) else { unreachable!() };
        let alert = serde_json::to_string(&CalendarAlert::new(&alarm, "alice")).unwrap();
        assert_eq!(
            alert,
            r#"{"@type":"CalendarAlert","accountId":"alice","calendarEventId":null,"uid":"lunch-1","recurrenceId":null,"alertId":null}"#
        );
    }
}
