use mailbox_event::{Account, AlarmAction};
use proptest::prelude::*;

use super::*;

/// The alarm of a captured notification of Cyrus 3.6.1.
pub(crate) fn captured() -> CalendarAlarm {
    let attendee = |name: &str, email: &str, status: &str| Attendee {
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

#[test]
fn captured_alarm_becomes_this_mail() {
    let mail = compose(&captured());
    assert_eq!(mail.subject, "Reminder: Team lunch, café");
    assert_eq!(mail.text, include_str!("../../tests/notifyd/alarm-mail.txt"));
}

#[test]
fn what_is_not_known_is_left_out() {
    let mut alarm = captured();
    for text in [&mut alarm.summary, &mut alarm.description, &mut alarm.location, &mut alarm.organizer] {
        text.clear();
    }
    alarm.attendees = vec![Attendee { status: "X-MAYBE".into(), ..Attendee::default() }];
    let mail = compose(&alarm);
    assert_eq!(mail.subject, "Reminder: (no title)");
    assert!(!mail.text.contains("Where:") && !mail.text.contains("Organiser:"));
    assert!(mail.text.contains("Attendees:\n  somebody\n\n-- \n"), "{}", mail.text);
}

#[test]
fn long_lists_and_texts_are_cut() {
    let mut alarm = captured();
    alarm.attendees = vec![alarm.attendees[0].clone(); 120];
    alarm.description = "x".repeat(100_000);
    alarm.summary = "y".repeat(100_000);
    let mail = compose(&alarm);
    assert!(mail.text.contains("  and 70 more\n"));
    assert_eq!(mail.subject.chars().count(), LONGEST_SUBJECT);
    assert!(mail.text.len() < 20_000, "{}", mail.text.len());
}

proptest! {
    #[test]
    fn no_text_of_a_stranger_breaks_out_of_its_line(text in "[\\r\\n\\u{0}\\u{202e}a-z: ]{0,80}") {
        let mut alarm = captured();
        for field in [&mut alarm.summary, &mut alarm.location, &mut alarm.timezone, &mut alarm.start] {
            field.clone_from(&text);
        }
        alarm.attendees[0].name.clone_from(&text);
        let mail = compose(&alarm);
        let is_hostile = |c: char| c.is_control() || c == '\u{202e}';
        prop_assert!(!mail.subject.chars().any(is_hostile));
        prop_assert!(!mail.text.chars().any(|c| is_hostile(c) && c != '\n'));
    }
}
