//! Credit as a person reads it.

use jiff::Timestamp;
use mailbox_event::UnixMillis;
use store::{Credit, Doubtful, Entry};

use crate::{age::age, quantity::quantity};

/// What there is, and the changes, the latest first. References of messages are their ids.
pub(super) fn credit(credit: Credit, spent: u64, entries: &[Entry]) -> String {
    let sums = format!("available: {}\nreserved: {}\nspent: {spent}", credit.available, credit.reserved);
    let lines = entries.iter().map(|entry| {
        let Entry { reference, kind, available_change, reserved_change, at, .. } = entry;
        format!("{}\t{kind}\t{available_change:+}\t{reserved_change:+}\t{reference}", time(*at))
    });
    std::iter::once(sums).chain(lines).collect::<Vec<_>>().join("\n")
}

/// A line for each; the number only where that was asked for.
pub(super) fn unknown(doubtful: &[Doubtful], with_numbers: bool, now: UnixMillis) -> String {
    if doubtful.is_empty() {
        return "no messages in doubt".to_owned();
    }
    let line = |one: &Doubtful| {
        let Doubtful { key, user, number, price, provider, since } = one;
        let price = quantity(*price, "segment");
        let age = age(now.0.saturating_sub(since.0) / 1_000);
        let number = if with_numbers { format!("\t{number}") } else { String::new() };
        format!("{key}\t{user}\t{age} ago\t{price}\t{provider}{number}")
    };
    doubtful.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// To the second, in UTC.
fn time(at: UnixMillis) -> String {
    let at = i64::try_from(at.0 / 1_000).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    at.unwrap_or_default().to_string()
}
