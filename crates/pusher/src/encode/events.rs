//! The data of a `push` event: `{"mailModSeq":N,"calendarModSeq":N,"contactsModSeq":N}`.

use state::{AccountState, Counter};

use super::Told;

/// In the order in which they are written.
const KEYS: [(&str, Counter); 3] = [
    ("mailModSeq", Counter::Mail),
    ("calendarModSeq", Counter::Calendar),
    ("contactsModSeq", Counter::Contacts),
];

/// Three keys with numbers that a mailbox has after years.
const USUAL: usize = 96;

/// Every number that is known, whichever of them moved.
pub(super) fn data(state: &AccountState, told: Told<'_>) -> Option<String> {
    if !KEYS.iter().any(|(_, counter)| told.includes(*counter)) {
        return None;
    }
    let known = KEYS.iter().filter_map(|(key, counter)| Some((key, state.modseq(*counter)?)));
    let mut data = String::with_capacity(USUAL);
    for (key, modseq) in known {
        data.push_str(if data.is_empty() { "{\"" } else { ",\"" });
        data.push_str(key);
        data.push_str("\":");
        data.push_str(&modseq.to_string());
    }
    (!data.is_empty()).then_some(data + "}")
}
