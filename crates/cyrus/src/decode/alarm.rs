//! CalendarAlarm, from calalarmd.

use mailbox_event::{AlarmAction, Attendee, CalendarAlarm, Notification};

use super::{event, fields::Fields};
use crate::{Dialect, Malformed};

/// Understands an alarm. One whose action we do not know (RFC 9074 allows more) is passed on as it came.
pub(super) fn decode(dialect: &Dialect, mut fields: Fields) -> Result<Notification, Malformed> {
    let action = fields.text("action").ok_or(Malformed::Missing("action"))?;
    let action = match action.to_ascii_lowercase().as_str() {
        "display" => AlarmAction::Display,
        "email" => AlarmAction::Email,
        _ => return Ok(event::other("CalendarAlarm".to_owned(), fields)),
    };
    Ok(Notification::Alarm(Box::new(CalendarAlarm {
        account: dialect.account(&fields.require("userId")?, "userId")?,
        action,
        calendar_id: fields.take_text("calendarId").unwrap_or_default(),
        calendar_name: fields.take_text("calendarName").unwrap_or_default(),
        uid: fields.require("uid")?,
        recurrence_id: fields.take_words("recurrenceId"),
        calendar_event_id: fields.take_words("calendarEventId"),
        alert_id: fields.take_words("alertId"),
        alarm_time: fields.require("alarmTime")?,
        recipients: recipients(&mut fields),
        summary: text(&mut fields, "summary"),
        description: text(&mut fields, "description"),
        location: text(&mut fields, "location"),
        timezone: fields.take_text("timezone").unwrap_or_default(),
        start: fields.take_text("start").unwrap_or_default(),
        end: fields.take_text("end").unwrap_or_default(),
        all_day: fields
            .take("allDay", |value| value.as_bool().or(value.as_u64().map(|n| n != 0)))
            .unwrap_or(false),
        attendees: attendees(&mut fields),
        organizer: address(&fields.take_text("organizer").unwrap_or_default()),
    })))
}

fn recipients(fields: &mut Fields) -> Vec<String> {
    let recipients = fields.take_texts("alarmRecipients").unwrap_or_default();
    recipients.iter().map(|recipient| address(recipient)).filter(|recipient| !recipient.is_empty()).collect()
}

/// Three arrays that belong together by index; the longest counts, what is absent is empty.
fn attendees(fields: &mut Fields) -> Vec<Attendee> {
    let mut column = |key| fields.take_texts(key).unwrap_or_default();
    let (names, emails, statuses) =
        (column("attendeeNames"), column("attendeeEmails"), column("attendeeStatus"));
    let at = |column: &[String], index: usize| column.get(index).cloned().unwrap_or_default();
    (0..names.len().max(emails.len()).max(statuses.len()))
        .map(|index| Attendee {
            name: at(&names, index),
            email: address(&at(&emails, index)),
            status: at(&statuses, index).to_ascii_uppercase(),
        })
        .collect()
}

/// The address of a calendar user without `mailto:`.
fn address(uri: &str) -> String {
    const SCHEME: &str = "mailto:";
    let uri = uri.trim();
    let has_scheme = uri.get(..SCHEME.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME));
    uri[if has_scheme { SCHEME.len() } else { 0 }..].to_owned()
}

fn text(fields: &mut Fields, key: &str) -> String {
    unescape(&fields.take_text(key).unwrap_or_default())
}

/// Undoes the escapes of iCalendar texts (RFC 5545 §3.3.11). What is no escape stays as written.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let (character, escape) = match after.chars().next() {
            Some('n' | 'N') => ('\n', 1),
            Some(escaped @ ('\\' | ',' | ';')) => (escaped, 1),
            _ => ('\\', 0),
        };
        plain.push(character);
        rest = &after[escape..];
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn icalendar_escapes_are_undone() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            (r"Team lunch\, café", "Team lunch, café"),
            (r"one\ntwo\Nthree", "one\ntwo\nthree"),
            (r"a\;b\\c\\n", r"a;b\c\n"),
            (r"C:\temp\", r"C:\temp\"),
        ] {
            assert_eq!(unescape(text), expected, "{text}");
        }
    }

    #[test]
    fn mailto_is_taken_off_in_any_case() {
        for (uri, expected) in [
            ("mailto:a@b", "a@b"),
            ("MAILTO:a@b", "a@b"),
            (" a@b ", "a@b"),
            ("mailto", "mailto"),
            ("é", "é"),
            ("", ""),
        ] {
            assert_eq!(address(uri), expected, "{uri}");
        }
    }
}
