//! The last alerts of an account.

use std::{collections::VecDeque, sync::Arc};

use routing::CalendarAlert;

/// Alerts that wait for a slow reader. A client that is further behind is told how many it missed.
pub const QUEUED_ALERTS: usize = 16;

/// A ring that all streams of an account share. Each stream remembers how many alerts there were when it last looked,
/// which makes this a queue of its own for each at no cost per stream.
#[derive(Debug, Clone, Default)]
pub struct Alerts {
    last: VecDeque<Arc<CalendarAlert>>,
    heard: u64,
}

/// What a stream has not seen yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// So many went by.
    pub missed: u64,
    /// The oldest that is still there.
    pub next: Option<Arc<CalendarAlert>>,
}

impl Alerts {
    /// How many there were.
    pub fn heard(&self) -> u64 {
        self.heard
    }

    /// Adds one; the oldest makes room.
    pub fn push(&mut self, alert: CalendarAlert) {
        if self.last.len() == QUEUED_ALERTS {
            self.last.pop_front();
        }
        self.last.push_back(Arc::new(alert));
        self.heard += 1;
    }

    /// What comes after the first `seen` ones.
    pub fn after(&self, seen: u64) -> Unseen {
        let oldest = self.heard - self.last.len() as u64;
        let missed = oldest.saturating_sub(seen);
        let place = usize::try_from((seen + missed) - oldest).unwrap_or(usize::MAX);
        Unseen { missed, next: self.last.get(place).cloned() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn alert(uid: u64) -> CalendarAlert {
        CalendarAlert {
            account_id: String::new(),
            calendar_event_id: None,
            uid: uid.to_string(),
            recurrence_id: None,
            alert_id: None,
        }
    }

    proptest! {
        #[test]
        fn every_alert_is_seen_in_order_or_counted_as_missed(bursts in proptest::collection::vec(0_u64..40, 0..10)) {
            let (mut alerts, mut seen, mut heard) = (Alerts::default(), 0, 0);
            for burst in bursts {
                for _ in 0..burst {
                    alerts.push(alert(heard));
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
