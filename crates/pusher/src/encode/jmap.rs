//! The data of a `state` event: a StateChange object (RFC 8620 §7.1).

use serde::{Serialize, Serializer, ser::SerializeMap};
use state::{AccountState, DataType};

use super::{Told, Types};

/// States are strings in JMAP. Types that are not known are left out.
pub(super) fn data(state: &AccountState, account_id: &str, types: &Types, told: Told<'_>) -> Option<String> {
    let moved = types.data_types().filter(|data_type| told.includes(data_type.counter()));
    let states: Vec<(DataType, String)> = moved
        .filter_map(|data_type| Some((data_type, state.modseq(data_type.counter())?.to_string())))
        .collect();
    if states.is_empty() {
        return None;
    }
    let change = StateChange { type_name: "StateChange", changed: Changed { account_id, states: &states } };
    // Strings and a map with string keys: there is nothing in it that JSON cannot say.
    serde_json::to_string(&change).ok()
}

#[derive(Serialize)]
struct StateChange<'a> {
    #[serde(rename = "@type")]
    type_name: &'static str,
    changed: Changed<'a>,
}

/// `{accountId: {type: state}}`
struct Changed<'a> {
    account_id: &'a str,
    states: &'a [(DataType, String)],
}

struct States<'a>(&'a [(DataType, String)]);

impl Serialize for Changed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.account_id, &States(self.states))?;
        map.end()
    }
}

impl Serialize for States<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(data_type, state)| (data_type.name(), state)))
    }
}
