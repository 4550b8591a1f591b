//! Whom an alarm is sent to.

use std::collections::BTreeSet;

use lettre::Address;
use mailbox_event::CalendarAlarm;

/// One alarm reaches no more people than this: calendars are written by users, and mail costs.
pub(crate) const MOST_RECIPIENTS: usize = 20;

/// The recipients of an alarm.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Recipients {
    /// Each once.
    pub(crate) valid: Vec<Address>,
    /// How many are no mail addresses.
    pub(crate) malformed: u64,
    /// How many are beyond [`MOST_RECIPIENTS`].
    pub(crate) too_many: u64,
}

/// Takes the addresses apart; the first of each counts.
pub(crate) fn recipients(alarm: &CalendarAlarm) -> Recipients {
    let mut found = Recipients { valid: Vec::new(), malformed: 0, too_many: 0 };
    let mut seen = BTreeSet::new();
    for text in &alarm.recipients {
        if found.valid.len() >= MOST_RECIPIENTS {
            found.too_many += 1;
        } else if let Ok(address) = text.trim().parse::<Address>() {
            if seen.insert(address.to_string().to_lowercase()) {
                found.valid.push(address);
            }
        } else {
            found.malformed += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::tests::captured;

    #[test]
    fn malformed_repeated_and_supernumerary_addresses_are_left_out() {
        let mut alarm = captured();
        alarm.recipients =
            ["bob@example.org", "nobody", "BOB@example.org", "a@b\r\nRCPT TO:<c@d>", "<x@y>", ""]
                .map(str::to_owned)
                .to_vec();
        let found = recipients(&alarm);
        assert_eq!((found.valid.len(), found.malformed, found.too_many), (1, 4, 0));
        alarm.recipients = (0..25).map(|number| format!("user{number}@example.org")).collect();
        let found = recipients(&alarm);
        assert_eq!((found.valid.len(), found.malformed, found.too_many), (20, 0, 5));
    }
}
