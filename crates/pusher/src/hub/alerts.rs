//! The last alerts of an account.

use std::{collections::VecDeque, sync::Arc};

use mailbox_event::{CalendarAlarm, EventId};

/// Alerts that wait for a slow reader. A client that is further behind is told how many it missed.
pub const QUEUED_ALERTS: usize = 16;

/// A ring that all streams of an account share. Each stream remembers how many alerts there were when it last looked,
/// which makes this a queue of its own for each at no cost per stream.
#[derive(Debug, Clone, Default)]
pub struct Alerts {
    last: VecDeque<Arc<Alert>>,
    heard: u64,
}

/// A display alarm that went off: what is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The event that brought it.
    pub event: EventId,
    /// The CalendarEvent's id in JMAP, where the mail server tells it.
    pub calendar_event_id: Option<String>,
    /// The event's UID (RFC 5545 §3.8.4.7).
    pub uid: String,
    /// Which instance of a recurring event, `None` for others.
    pub recurrence_id: Option<String>,
    /// The id of the alert within the event, where the mail server tells it.
    pub alert_id: Option<String>,
}

/// What a stream has not seen yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// So many went by.
    pub missed: u64,
    /// The oldest that is still there.
    pub next: Option<Arc<Alert>>,
}

impl Alerts {
    /// How many there were.
    pub fn heard(&self) -> u64 {
        self.heard
    }

    /// Adds one; the oldest makes room. Says whether it did: a relay that comes back from a crash tells its last ones
    /// again, and those that are still here were told.
    pub fn push(&mut self, alert: Alert) -> bool {
        if self.last.iter().any(|known| known.event == alert.event) {
            return false;
        }
        if self.last.len() == QUEUED_ALERTS {
            self.last.pop_front();
        }
        self.last.push_back(Arc::new(alert));
        self.heard += 1;
        true
    }

    /// What comes after the first `seen` ones.
    pub fn after(&self, seen: u64) -> Unseen {
        let oldest = self.heard - self.last.len() as u64;
        let missed = oldest.saturating_sub(seen);
        let place = usize::try_from((seen + missed) - oldest).unwrap_or(usize::MAX);
        Unseen { missed, next: self.last.get(place).cloned() }
    }
}

impl Alert {
    /// What is kept of `alarm`, which `event` brought.
    pub fn new(event: EventId, alarm: CalendarAlarm) -> Self {
        let CalendarAlarm { calendar_event_id, uid, recurrence_id, alert_id, .. } = alarm;
        Self { event, calendar_event_id, uid, recurrence_id, alert_id }
    }
}

#[cfg(test)]
mod tests {
    use mailbox_event::RelayId;
    use proptest::prelude::*;

    use super::*;

    fn alert(uid: u64) -> Alert {
        Alert {
            event: EventId { relay: RelayId(1), sequence: uid },
            calendar_event_id: None,
            uid: uid.to_string(),
            recurrence_id: None,
            alert_id: None,
        }
    }

    #[test]
    fn what_is_told_again_is_not_heard_again() {
        let mut alerts = Alerts::default();
        assert!(alerts.push(alert(1)) && alerts.push(alert(2)));
        assert!(!alerts.push(alert(1)) && !alerts.push(alert(2)));
        assert_eq!(alerts.heard(), 2);
    }

    proptest! {
        #[test]
        fn every_alert_is_seen_in_order_or_counted_as_missed(bursts in proptest::collection::vec(0_u64..40, 0..10)) {
            let (mut alerts, mut seen, mut heard) = (Alerts::default(), 0, 0);
            for burst in bursts {
                for _ in 0..burst {
                    prop_assert!(alerts.push(alert(heard)));
                    heard += 1;
                }
                let missed = alerts.after(seen).missed;
                prop_assert_eq!(missed, (heard - seen).saturating_sub(QUEUED_ALERTS as u64));
                seen += missed;
                while let Some(next) = alerts.after(seen).next {
                    prop_assert_eq!(&next.uid, &seen.to_string());
                    seen += 1;
                }
                prop_assert_eq!(seen, heard);
            }
        }
    }
}
