//! Mails as they are sent: in four languages against files that a person can read, and with hostile input.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod cases;
mod hostile;
mod snapshots;
