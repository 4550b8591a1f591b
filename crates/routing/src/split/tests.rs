//! Holds the function and the table of `docs/the-split.md` together.

use std::collections::{BTreeMap, BTreeSet};

use mailbox_event::{AlarmAction, ChangeKind, Notification};

use super::*;
use crate::sample;

const PAGE: &str = include_str!("../../../../docs/the-split.md");

/// The row that a notification belongs to.
fn row_of(notification: &Notification) -> String {
    match notification {
        Notification::Mailbox(change) => format!("{:?}", change.kind),
        Notification::Alarm(alarm) => match alarm.action {
            AlarmAction::Display => "CalendarAlarm display".to_owned(),
            AlarmAction::Email => "CalendarAlarm email".to_owned(),
        },
        Notification::Sieve(notification) => match notification.method.split_once(':') {
            Some((scheme, _)) => format!("SIEVE {scheme}:"),
            None => format!("SIEVE {}", notification.priority),
        },
        Notification::NewMail(_) => "MAIL".to_owned(),
        Notification::Scheduling(_) => "IMIP".to_owned(),
        Notification::Device(registration) if registration.dav => "ApplePushServiceDAV".to_owned(),
        Notification::Device(_) => "ApplePushService".to_owned(),
        Notification::Unscheduled(_) => "MessagesUnscheduled".to_owned(),
        Notification::Other(_) => "other".to_owned(),
    }
}

/// What the table's cells say of a route.
fn cells_of(route: Route) -> (String, String) {
    let state = route.state.then(|| "state".to_owned());
    let live = route.live.map(|kind| format!("live: {}", kind.name()));
    let job = route.job.map(|(urgency, kind)| format!("job: {} {}", urgency.name(), kind.name()));
    let fast = state.into_iter().chain(live).collect::<Vec<_>>().join(", ");
    let or_nothing = |cell: String| if cell.is_empty() { "-".to_owned() } else { cell };
    (or_nothing(fast), or_nothing(job.unwrap_or_default()))
}

/// The rows of the page's table.
fn table() -> BTreeMap<String, (String, String)> {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `")).map(|line| {
        let cells = line.split('|').map(str::trim).collect::<Vec<_>>();
        let [name, fast, slow, ""] = cells[..] else { panic!("not three cells: {line}") };
        (name.trim_end_matches('`').to_owned(), (fast.to_owned(), slow.to_owned()))
    });
    let rows = rows.collect::<Vec<_>>();
    let table = rows.iter().cloned().collect::<BTreeMap<_, _>>();
    assert_eq!(table.len(), rows.len(), "a row stands twice");
    table
}

#[test]
fn every_notification_goes_where_its_row_says() {
    let table = table();
    for notification in sample::every_notification() {
        let row = row_of(&notification);
        assert_eq!(table.get(&row), Some(&cells_of(split(&notification))), "row {row}");
    }
}

#[test]
fn every_row_is_a_notification() {
    let samples = sample::every_notification().iter().map(row_of).collect::<BTreeSet<_>>();
    assert_eq!(table().into_keys().collect::<BTreeSet<_>>(), samples);
}

#[test]
fn every_kind_of_change_is_sampled() {
    let first = ChangeKind::MessageNew;
    let kinds = std::iter::successors(Some(first), |kind| sample::next_kind(*kind)).collect::<Vec<_>>();
    let sampled = sample::every_notification();
    for kind in kinds {
        assert!(
            sampled.iter().any(
                |notification| matches!(notification, Notification::Mailbox(change) if change.kind == kind)
            ),
            "{kind:?}"
        );
    }
}

#[test]
fn a_priority_without_a_name_is_normal() {
    for (priority, urgency) in [("", Urgency::Normal), ("HIGH", Urgency::High), ("urgent", Urgency::Normal)] {
        let route = split(&sample::sieve(priority, "mailto"));
        assert_eq!(route.job, Some((urgency, JobKind::Sieve)), "{priority:?}");
    }
}

#[test]
fn a_method_in_any_form_has_the_work_of_its_kind() {
    let rows = [
        ("mailto", JobKind::Sieve),
        ("mailto:a@example.org", JobKind::Sieve),
        ("sms", JobKind::Sms),
        ("SMS:+15551230000", JobKind::Sms),
        ("tel:+1-555-123-0000", JobKind::Sms),
        ("https://hooks.example.org/", JobKind::Webhook),
        ("pusher", JobKind::Sieve),
        ("xmpp:a@example.org", JobKind::Sieve),
        ("", JobKind::Sieve),
    ];
    for (method, kind) in rows {
        assert_eq!(split(&sample::sieve("high", method)).job, Some((Urgency::High, kind)), "{method:?}");
    }
}
