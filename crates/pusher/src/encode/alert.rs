//! The data of a `calendarAlert` event.

use serde::Serialize;

use crate::hub::Alert;

/// JMAP Calendars' CalendarAlert (draft-ietf-jmap-calendars, "Push Notifications"). Ids that the mail server does not
/// tell are null.
#[derive(Serialize)]
#[serde(tag = "@type", rename_all = "camelCase")]
struct CalendarAlert<'a> {
    account_id: &'a str,
    calendar_event_id: Option<&'a str>,
    uid: &'a str,
    recurrence_id: Option<&'a str>,
    alert_id: Option<&'a str>,
}

/// The data of an alert on a stream of the account that the mail server calls `account_id`.
pub fn calendar_alert(alert: &Alert, account_id: &str) -> Option<String> {
    let alert = CalendarAlert {
        account_id,
        calendar_event_id: alert.calendar_event_id.as_deref(),
        uid: &alert.uid,
        recurrence_id: alert.recurrence_id.as_deref(),
        alert_id: alert.alert_id.as_deref(),
    };
    // Strings and nulls: there is nothing in it that JSON cannot say.
    serde_json::to_string(&alert).ok()
}
