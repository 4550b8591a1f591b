//! The cases that every implementation of [`crate::Bus`] must pass, behind the feature `contract`.
//!
//! An implementation writes a [`Fixture`] and calls [`contract_tests!`](crate::contract_tests) in a test file.
//! Names are those of Apache James' contracts where the case is theirs: [`james`] says for each of them where it is held,
//! and `docs/bus-contract.md` with which result. What differs, and why:
//! - Cases that pass null are held by type: each has a doctest that does not compile.
//! - A no-op event is a [`crate::Message`] without payload, for every value has some.
//! - `notificationShouldNotExceedRate` of keys: a listener that dispatch waits for hears one message at a time per
//!   dispatcher, and one that it does not wait for has the implementation's own bound.
//! - "Group not registered" means without a listener on every node, not on the one that is asked.

#![expect(missing_docs, reason = "the names of the cases are their sentences")]

mod cases;
pub mod concurrent;
pub mod dead_letters;
pub mod errors;
pub mod group;
pub mod health;
pub mod james;
pub mod jobs;
pub mod key;
pub mod life;
pub mod mirrored;
mod page;
mod play;
pub mod redelivery;
pub mod retained;
mod scene;

pub use cases::{Case, all};
pub use page::{Results, page};
pub use play::play_all;
pub use scene::{Fixture, Scene};

#[cfg(test)]
mod tests;
