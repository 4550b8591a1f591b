//! What lies between a stream that is there and what it is to be.
//!
//! Some of it breaks what the bus promises: what is stored would be lost, or not found. The rest are bounds. An operator
//! may have had reasons for those, and the bus works with any.

use std::{fmt, time::Duration};

use async_nats::jetstream::stream::Config;

/// See the module.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// What differs and cannot be changed.
    pub(super) fixed: Option<&'static str>,
    /// What breaks a promise.
    pub(super) promises: Vec<Change>,
    /// What is a bound.
    pub(super) bounds: Vec<Change>,
}

/// One setting of a stream that is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// As NATS calls it.
    pub what: &'static str,
    /// What the stream has.
    pub from: String,
    /// What it is to have.
    pub to: String,
    /// Whether less is kept then, or in another number of copies.
    pub is_delicate: bool,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -> {}", self.what, self.from, self.to)
    }
}

/// Compares what we ask for; whatever else the stream has is its server's or its operator's.
pub(super) fn between(found: &Config, wanted: &Config) -> Difference {
    let fixed =
        [("storage", found.storage != wanted.storage), ("retention", found.retention != wanted.retention)];
    Difference {
        fixed: fixed.into_iter().find(|(_, differs)| *differs).map(|(what, _)| what),
        promises: promises(found, wanted),
        bounds: bounds(found, wanted),
    }
}

/// What `found` becomes when it keeps what is promised, with the bounds that it has.
pub(super) fn mended(found: &Config, wanted: &Config) -> Config {
    Config {
        subjects: wanted.subjects.clone(),
        max_messages_per_subject: wanted.max_messages_per_subject,
        max_message_size: wanted.max_message_size,
        // Without its answers nobody knows what is stored.
        no_ack: wanted.no_ack,
        max_age: if forgets(found, wanted) { wanted.max_age } else { found.max_age },
        discard: wanted.discard,
        allow_direct: wanted.allow_direct,
        allow_rollup: wanted.allow_rollup,
        // Once denied, NATS lets nobody allow it again.
        deny_delete: wanted.deny_delete || found.deny_delete,
        republish: wanted.republish.clone(),
        ..found.clone()
    }
}

/// The same, with the bounds that it is to have.
pub(super) fn bounded(found: &Config, wanted: &Config) -> Config {
    Config {
        max_bytes: wanted.max_bytes,
        max_messages: wanted.max_messages,
        max_age: wanted.max_age,
        num_replicas: wanted.num_replicas,
        duplicate_window: wanted.duplicate_window,
        ..mended(found, wanted)
    }
}

/// Whether it forgets what is to be kept.
fn forgets(found: &Config, wanted: &Config) -> bool {
    is_below(seconds(found.max_age), seconds(wanted.max_age))
}

fn promises(found: &Config, wanted: &Config) -> Vec<Change> {
    let next = mended(found, wanted);
    let change = |what, from: String, to: String| (from != to).then_some(plain(what, from, to));
    let debug = |value: &dyn fmt::Debug| format!("{value:?}");
    [
        change("subjects", found.subjects.join(" "), next.subjects.join(" ")),
        change(
            "max_msgs_per_subject",
            count(found.max_messages_per_subject),
            count(next.max_messages_per_subject),
        ),
        change("max_msg_size", octets(found.max_message_size.into()), octets(next.max_message_size.into())),
        change("no_ack", debug(&found.no_ack), debug(&next.no_ack)),
        change("max_age", age(found.max_age), age(next.max_age)),
        change("discard", debug(&found.discard), debug(&next.discard)),
        change("allow_direct", debug(&found.allow_direct), debug(&next.allow_direct)),
        change("allow_rollup_hdrs", debug(&found.allow_rollup), debug(&next.allow_rollup)),
        change("deny_delete", debug(&found.deny_delete), debug(&next.deny_delete)),
        (found.republish != next.republish)
            .then(|| plain("republish", "another".to_owned(), "ours".to_owned())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn bounds(found: &Config, wanted: &Config) -> Vec<Change> {
    let change = |what, from: i64, to: i64, write: fn(i64) -> String| {
        let is_delicate = is_below(to, from);
        (from != to).then(|| Change { what, from: write(from), to: write(to), is_delicate })
    };
    let copies = |config: &Config| i64::try_from(config.num_replicas.max(1)).unwrap_or(i64::MAX);
    let window = |config: &Config| seconds(config.duplicate_window);
    let max_age = if forgets(found, wanted) { wanted.max_age } else { found.max_age };
    [
        change("max_bytes", found.max_bytes, wanted.max_bytes, octets),
        change("max_msgs", found.max_messages, wanted.max_messages, count),
        change("max_age", seconds(max_age), seconds(wanted.max_age), in_seconds),
        change("duplicate_window", window(found), window(wanted), in_seconds),
        change(COPIES, copies(found), copies(wanted), |copies| copies.to_string())
            .map(|change| Change { is_delicate: true, ..change }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn plain(what: &'static str, from: String, to: String) -> Change {
    Change { what, from, to, is_delicate: false }
}

/// Of two bounds; what is not positive bounds nothing.
pub(super) fn is_below(one: i64, other: i64) -> bool {
    one > 0 && (other <= 0 || one < other)
}

fn seconds(age: Duration) -> i64 {
    i64::try_from(age.as_secs()).unwrap_or(i64::MAX)
}

fn age(age: Duration) -> String {
    in_seconds(seconds(age))
}

const DAY: i64 = 24 * 60 * 60;

fn in_seconds(seconds: i64) -> String {
    match seconds {
        ..=0 => NONE.to_owned(),
        days if days % DAY == 0 => format!("{}d", days / DAY),
        seconds => format!("{seconds}s"),
    }
}

/// The setting that only a cluster can heed.
pub(crate) const COPIES: &str = "num_replicas";

const NONE: &str = "unlimited";

fn count(count: i64) -> String {
    if count > 0 { count.to_string() } else { NONE.to_owned() }
}

/// As in the configuration.
pub(super) fn octets(octets: i64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let whole = units.into_iter().find(|(unit, _)| octets % unit == 0);
    match (octets, whole) {
        (..=0, _) => NONE.to_owned(),
        (octets, Some((unit, name))) => format!("{}{name}", octets / unit),
        (octets, None) => format!("{octets}B"),
    }
}

#[cfg(test)]
mod tests;
