//! What makes two mails the same one.

use ::sieve::OwnMail;
use lettre::Address;
use mailbox_event::{AlarmAction, CalendarAlarm, EventId, Unscheduled};
use store::EffectKey;

/// The key of the mail about `alarm` to `recipient`. The server may announce an alarm more than once, and relay
/// may publish it more than once: the key is made of what it says, not of the event's id.
pub(crate) fn effect(alarm: &CalendarAlarm, recipient: &Address) -> EffectKey {
    let action = match alarm.action {
        AlarmAction::Display => "display",
        AlarmAction::Email => "email",
    };
    let event = [
        alarm.account.as_str(),
        &alarm.calendar_id,
        &alarm.uid,
        alarm.recurrence_id.as_deref().filter(|id| !id.is_empty()).unwrap_or(&alarm.start),
    ];
    // An instance that is moved, and an alert that is set for another time, keep their ids and go off again.
    let alert = alarm.alert_id.as_deref().filter(|id| !id.is_empty());
    let goes_off = alert.into_iter().chain([alarm.alarm_time.as_str()]);
    let parts: Vec<&str> = event.into_iter().chain(goes_off).chain([action, recipient.as_ref()]).collect();
    EffectKey::of(&parts)
}

/// The key of the mail about `unscheduled`. Nothing in it tells one time from the next: that is the event's id, which
/// stays the same however often relay publishes it.
pub(crate) fn unscheduled(id: EventId, unscheduled: &Unscheduled) -> EffectKey {
    EffectKey::of(&["unscheduled", unscheduled.account.as_str(), &id.to_string()])
}

/// The UID of a copy of the event: its own where the server says that it is one event. One of a series, or of what may be a
/// series where the server does not say, gets another, always the same: under the series' own it would take its place.
pub(crate) fn event_uid(alarm: &CalendarAlarm, domain: &str) -> String {
    if alarm.recurrence_id.as_deref() == Some("") && !alarm.uid.is_empty() {
        return alarm.uid.clone();
    }
    let instance = alarm.recurrence_id.as_deref().unwrap_or(&alarm.start);
    let key = EffectKey::of(&["copy", alarm.account.as_str(), &alarm.calendar_id, &alarm.uid, instance])
        .to_string();
    format!("{}@{domain}", &key[..key.len() / 2])
}

/// The Message-ID, the same for every attempt; half of the key is enough to be unique. `kind` says what sort of mail it
/// is.
pub(crate) fn message_id(key: &EffectKey, kind: OwnMail, domain: &str) -> String {
    let key = key.to_string();
    format!("<{}.{}@{domain}>", &key[..key.len() / 2], kind.mark())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::tests::captured;

    #[test]
    fn every_part_counts() {
        let bob: Address = "bob@example.org".parse().unwrap();
        let key = |change: fn(&mut CalendarAlarm)| {
            let mut alarm = captured();
            change(&mut alarm);
            effect(&alarm, &bob)
        };
        let same = key(|_| {});
        assert_eq!(same, key(|alarm| alarm.summary = "Renamed".into()));
        assert_eq!(same, key(|alarm| alarm.alert_id = Some(String::new())));
        let changes: [fn(&mut CalendarAlarm); 6] = [
            |alarm| alarm.calendar_id = "Work".into(),
            |alarm| alarm.uid = "other".into(),
            |alarm| alarm.start = "20261123T031748".into(),
            |alarm| alarm.recurrence_id = Some("2026-11-22T03:17:48".into()),
            |alarm| alarm.alarm_time = "20261122T031348".into(),
            |alarm| alarm.alert_id = Some("1".into()),
        ];
        for change in changes {
            assert_ne!(same, key(change));
        }
        let with_alert = key(|alarm| alarm.alert_id = Some("1".into()));
        let at_another_time = key(|alarm| {
            (alarm.alert_id, alarm.alarm_time) = (Some("1".into()), "20261122T031348".into());
        });
        assert_ne!(with_alert, at_another_time, "the alert was moved and goes off again");
        assert_ne!(same, effect(&captured(), &"carol@example.org".parse().unwrap()));
    }

    #[test]
    fn copy_has_the_uid_of_the_event_where_that_is_one() {
        let uid = |recurrence_id: Option<&str>, start: &str| {
            let start = start.to_owned();
            let alarm =
                CalendarAlarm { recurrence_id: recurrence_id.map(str::to_owned), start, ..captured() };
            event_uid(&alarm, "example.org")
        };
        assert_eq!(uid(Some(""), "20261122T031748"), "lab-1");
        let instances =
            [uid(None, "20261122T031748"), uid(None, "20261123T031748"), uid(Some("20261123"), "x")];
        assert!(instances.iter().all(|uid| uid.ends_with("@example.org")), "{instances:?}");
        assert!(instances[0] != instances[1] && instances[1] != instances[2]);
        assert_eq!(uid(Some("20261123"), "moved"), instances[2]);
    }

    #[test]
    fn message_id_is_made_of_the_key() {
        let key = EffectKey::of(&["a"]);
        let id = message_id(&key, OwnMail::Alarm, "example.org");
        assert_eq!(id, format!("<{}.alarm@example.org>", &key.to_string()[..32]));
    }

    #[test]
    fn no_script_is_notified_of_any_mail_of_ours() {
        for kind in OwnMail::all() {
            let id = message_id(&EffectKey::of(&["a"]), kind, "example.org");
            let message = format!("From: a@example.org\r\nMessage-ID: {id}\r\n\r\nx\r\n");
            let facts = ::sieve::Facts::read(message.as_bytes());
            assert_eq!(::sieve::silence(&facts, "example.org"), Some(::sieve::Silence::Ours), "{kind:?}");
        }
    }
}
