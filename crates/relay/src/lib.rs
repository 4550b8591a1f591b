//! relay: takes notifications from Cyrus' notify socket, answers at once, spools durably, routes and publishes.
//!
//! The order of things: read, append to the [`spool`], answer, publish. Cyrus, which waits with a mailbox locked,
//! waits for the page cache and never for the bus. [`Relay`] puts the parts together.

pub mod clock;
mod gap;
mod intake;
mod message_file;
mod publisher;
mod quarantine;
mod relay;
pub mod settings;
pub mod socket;
pub mod spool;
mod spool_health;
mod telemetry;

pub use relay::{Deps, Relay, RunError, StartError};
pub use settings::Settings;
pub use socket::Activated;
