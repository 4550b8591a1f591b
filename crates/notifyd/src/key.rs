//! What makes two mails the same one.

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
    EffectKey::of(&[
        alarm.account.as_str(),
        &alarm.calendar_id,
        &alarm.uid,
        alarm.recurrence_id.as_deref().filter(|id| !id.is_empty()).unwrap_or(&alarm.start),
        alarm.alert_id.as_deref().filter(|id| !id.is_empty()).unwrap_or(&alarm.alarm_time),
        action,
        recipient.as_ref(),
    ])
}

/// The key of the mail about `unscheduled`. Nothing in it tells one time from the next: that is the event's id, which
/// stays the same however often relay publishes it.
pub(crate) fn unscheduled(id: EventId, unscheduled: &Unscheduled) -> EffectKey {
    EffectKey::of(&["unscheduled", unscheduled.account.as_str(), &id.to_string()])
}

/// The Message-ID, the same for every attempt; half of the key is enough to be unique. `kind` says what sort of mail it
/// is.
pub(crate) fn message_id(key: &EffectKey, kind: &str, domain: &str) -> String {
    let key = key.to_string();
    format!("<{}.{kind}@{domain}>", &key[..key.len() / 2])
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
        assert_ne!(same, effect(&captured(), &"carol@example.org".parse().unwrap()));
    }

    #[test]
    fn message_id_is_made_of_the_key() {
        let key = EffectKey::of(&["a"]);
        let id = message_id(&key, "alarm", "example.org");
        assert_eq!(id, format!("<{}.alarm@example.org>", &key.to_string()[..32]));
    }
}
