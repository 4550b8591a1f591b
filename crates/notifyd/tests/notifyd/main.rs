//! Alarm mail against real SMTP servers, a real ledger, and the bus.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod aiosmtpd;
mod away;
mod bus;
mod buses;
mod database;
mod dependencies;
mod dkim;
mod event;
mod failures;
mod kill;
mod kill_texts;
mod mute;
mod poison;
mod readers;
mod setup;
mod sieve;
mod submission;
mod texts;
mod webhook;
