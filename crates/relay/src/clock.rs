//! The time of day, as an argument.

use mailbox_event::UnixMillis;

/// Tells the time of day.
pub type Clock = fn() -> UnixMillis;

/// The machine's own clock; a time before 1970 counts as 1970.
pub fn system() -> UnixMillis {
    UnixMillis(kit::clock::unix_millis())
}
