//! Captures of a real Cyrus 3.6.1 as observations.

use std::{fs, path::Path};

use cyrus::{Dialect, datagram};
use mailbox_event::{Counters, Naming, Notification, UnixMillis};
use serde_json::Value;
use state::Observation;

/// Each observation with the counters it came with.
pub fn captured(name: &str) -> Vec<(Observation, Option<Counters>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cyrus/tests/captures");
    let lines = fs::read_to_string(folder.join(name)).unwrap();
    let dialect = Dialect::new(Naming::new("example.org"));
    let decoded = lines.lines().zip(1..).filter_map(|(line, taken_at)| {
        let capture = serde_json::from_str::<Value>(line).unwrap();
        let fields = capture["datagram"].as_array().unwrap();
        let octets = fields.iter().map(|field| field.as_str().unwrap()).collect::<Vec<_>>().join("\0");
        let notice = datagram::parse(octets.as_bytes()).unwrap();
        let Notification::Mailbox(change) = dialect.decode(&notice, None).unwrap() else { return None };
        let owner = change.mailbox.name.owner.as_ref()?;
        let observation = Observation::of(&change, dialect.naming.user_id(owner), UnixMillis(taken_at))?;
        Some((observation, change.counters.clone()))
    });
    decoded.collect()
}
