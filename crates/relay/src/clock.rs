//! The time of day, as an argument.

use std::time::{SystemTime, UNIX_EPOCH};

use mailbox_event::UnixMillis;

/// Tells the time of day.
pub type Clock = fn() -> UnixMillis;

/// The machine's own clock; a time before 1970 counts as 1970.
pub fn system() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
