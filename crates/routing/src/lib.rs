//! The split: what is fast, what is slow, and what the bus is told of an event.
//!
//! [`split()`] is the one rule; `docs/the-split.md` is its table, and a test holds them together. [`publications()`] turns
//! an event into what relay has to do on the bus. Pure: no clock, no socket.

mod publications;
#[cfg(test)]
mod sample;
mod split;

pub use publications::{Publications, publications};
pub use split::{Route, split};
