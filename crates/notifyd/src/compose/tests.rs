use std::collections::BTreeMap;

use mailbox_event::{Account, AlarmAction};
use wording::{Language, Mail, Reader, Wording};

use super::*;

/// The alarm of a captured notification of Cyrus 3.6.1.
pub(crate) fn captured() -> CalendarAlarm {
    let attendee = |name: &str, email: &str, status: &str| mailbox_event::Attendee {
        name: name.into(),
        email: email.into(),
        status: status.into(),
    };
    CalendarAlarm {
        account: Account::parse("alice@example.org").unwrap(),
        action: AlarmAction::Email,
        calendar_id: "Default".into(),
        calendar_name: "personal".into(),
        uid: "lab-1".into(),
        recurrence_id: None,
        calendar_event_id: None,
        alert_id: None,
        alarm_time: "20261122T031248".into(),
        recipients: vec!["alice@example.org".into()],
        summary: "Team lunch, café".into(),
        description: "Bring the plans\nand a pen".into(),
        location: "Café Müller, Köln".into(),
        timezone: "Europe/Berlin".into(),
        start: "20261122T031748".into(),
        end: "20261122T041748".into(),
        all_day: false,
        attendees: vec![
            attendee("Bob Builder", "bob@example.org", "ACCEPTED"),
            attendee("Carol", "carol@example.org", "NEEDS-ACTION"),
        ],
        organizer: "alice@example.org".into(),
    }
}

fn mail(alarm: &CalendarAlarm) -> Mail {
    let wording = Wording::load(&BTreeMap::new()).unwrap();
    wording.alarm(&compose(alarm, false, None), &Reader::of(Language::English)).unwrap()
}

#[test]
fn captured_alarm_becomes_this_mail() {
    let mail = mail(&captured());
    assert_eq!(mail.subject, "Team lunch, café, Sun, Nov 22, 2026, 3:17\u{202f}AM");
    assert_eq!(mail.text, include_str!("../../tests/notifyd/alarm-mail.txt"));
}

#[test]
fn series_is_told_where_the_server_tells_of_one() {
    let mut alarm = captured();
    alarm.recurrence_id = Some(String::new());
    assert!(!mail(&alarm).text.contains("This event repeats."));
    alarm.recurrence_id = Some("2026-11-22T03:17:48".into());
    assert!(mail(&alarm).text.contains("This event repeats."));
}
