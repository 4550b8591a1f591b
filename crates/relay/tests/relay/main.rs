//! relay against real sockets, a real spool and the bus in one process.
//!
//! Some tests run themselves again as a process of their own: see `service`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod activation;
mod captures;
mod disks;
mod gap;
mod house;
mod kill;
mod manager;
mod mount;
mod publishing;
mod replay;
mod restart;
mod service;
mod sockets;
mod spool;
mod trouble;
mod valve;
