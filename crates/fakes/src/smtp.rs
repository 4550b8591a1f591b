//! An SMTP server (RFC 5321) that takes mail for anybody and keeps the last of it in memory.

mod faults;
mod line;
mod session;
mod sink;

pub use faults::{DataFault, Faults, Verb};
pub use session::{Limits, Mail};
pub use sink::{SinkSettings, SmtpSink};
