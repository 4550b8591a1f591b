//! The fake world: servers that stand in for the ones outside, in the demo, in `doctor` and in tests.
//!
//! They keep to the protocols, hold a bounded amount, and can be told to fail.

pub mod sms;
pub mod smtp;
