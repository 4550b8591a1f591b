//! relay against real sockets, a real spool and the bus in one process.
//!
//! The activation test runs itself again as a service: see there.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod activation;
mod captures;
mod gap;
mod house;
mod publishing;
mod replay;
mod sockets;
mod spool;
mod trouble;
mod valve;
