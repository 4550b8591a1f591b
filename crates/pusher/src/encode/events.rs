//! The data of a `push` event: `{"mailModSeq":N,"calendarModSeq":N,"contactsModSeq":N}`.

use state::{AccountState, Counter};

use super::Told;

/// In the order in which they are written.
const KEYS: [(&str, Counter); 3] = [
    ("mailModSeq", Counter::Mail),
    ("calendarModSeq", Counter::Calendar),
    ("contactsModSeq", Counter::Contacts),
];

/// Every number that is known, whichever of them moved.
pub(super) fn data(state: &AccountState, told: Told<'_>) -> Option<String> {
    if !KEYS.iter().any(|(_, counter)| told.includes(*counter)) {
        return None;
    }
    let known = KEYS.iter().filter_map(|(key, counter)| Some((key, state.modseq(*counter)?)));
    let pairs: Vec<String> = known.map(|(key, modseq)| format!("\"{key}\":{modseq}")).collect();
    (!pairs.is_empty()).then(|| format!("{{{}}}", pairs.join(",")))
}
