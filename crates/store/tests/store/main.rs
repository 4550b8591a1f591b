//! One suite on both engines, and what each has of its own. PostgreSQL and the files are real.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod budgets;
mod departures;
mod effects;
mod file;
mod fixture;
mod group_commit;
mod migrations;
mod mutes;
mod outage;
mod recipients;
mod server;
mod sms;
mod transactions;
