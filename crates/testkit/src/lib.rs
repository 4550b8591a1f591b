//! Real processes, real users and the one allowed way to wait, for tests of the whole line.
//!
//! Everything here panics with a sentence when something is missing or fails: it is read by the
//! person whose test has just failed. Nothing is skipped. Every process dies with the value that started it.

pub mod certificate;
pub mod chromium;
pub mod collector;
pub mod cyrus;
pub mod dav;
pub mod icalendar;
pub mod imap;
pub mod jmap;
pub mod lmtp;
pub mod nats;
pub mod pages;
pub mod postgres;
pub mod prism;
pub mod program;
pub mod proxy;
pub mod raw;
pub mod sieve;
pub mod smtp;
pub mod sse;
pub mod tap;
pub mod webhook;

mod http;
mod message;
mod ports;
mod process;
mod scratch;
mod wait;

pub use http::{client as http_client, client_that_trusts};
pub use message::{Message, message};
pub use ports::{free_port, free_ports};
pub use scratch::Scratch;
pub use wait::eventually;
