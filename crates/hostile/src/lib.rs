//! Hostile input for the tests of decoders: what comes in broken, and what reading it may cost.
//!
//! A fuzz target is an ordinary test that begins with [`check!`] and takes its input from [`Broken`]. `cargo test`
//! runs each for [`SLICE`] with random input; `tests/long/fuzz` runs them for as long as one likes. A target that fails
//! prints the input, made small, and the seed that draws it again (`BOLERO_RANDOM_SEED`).

mod allowance;
mod broken;

use std::time::Duration;

pub use allowance::Allowance;
pub use bolero::{check, generator};
pub use broken::Broken;

/// How long a target runs unless `BOLERO_RANDOM_TEST_TIME_MS` says otherwise.
pub const SLICE: Duration = Duration::from_millis(1_000);
