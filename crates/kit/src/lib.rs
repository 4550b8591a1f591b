//! What every program needs and no program owns: configuration, telemetry, readiness, drain, admin HTTP, backoff,
//! the pace of log lines, the clock, hexadecimal digits, labels of metrics.
//!
//! Knows nothing of mail, of the bus or of storage.

pub mod admin;
pub mod backoff;
pub mod clock;
pub mod config;
pub mod descriptors;
pub mod drain;
pub mod hexadecimal;
mod label;
pub mod line_pace;
pub mod port;
pub mod readiness;
pub mod signal;
pub mod telemetry;
pub mod tls;
