//! Waits between attempts.

use std::time::Duration;

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// Doubling waits with full jitter: each is drawn evenly from nothing to `first`, twice that, four times that, and
/// so on up to `longest`. Full jitter, so that clients that failed together do not come back together.
///
/// In configuration: `{ first = "500ms", longest = "1m" }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Backoff {
    first: Duration,
    longest: Duration,
}

/// Why two durations are no backoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBackoff {
    /// No wait at all would be a busy loop.
    #[error("first wait is zero")]
    Zero,
    /// The bound is below the first wait.
    #[error("longest wait is shorter than the first")]
    Order,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(with = "crate::config::duration")]
    first: Duration,
    #[serde(with = "crate::config::duration")]
    longest: Duration,
}

impl Backoff {
    /// Checks that `first` is not zero and not over `longest`.
    pub const fn new(first: Duration, longest: Duration) -> Result<Self, InvalidBackoff> {
        if first.is_zero() {
            return Err(InvalidBackoff::Zero);
        }
        // Durations cannot be compared in a const fn by operator.
        if longest.as_nanos() < first.as_nanos() {
            return Err(InvalidBackoff::Order);
        }
        Ok(Self { first, longest })
    }

    /// The bound of the first wait.
    pub const fn first(&self) -> Duration {
        self.first
    }

    /// No wait is longer.
    pub const fn longest(&self) -> Duration {
        self.longest
    }

    /// How long to wait after `attempt`, the number of the attempt that failed, from 1.
    pub fn delay(&self, attempt: u32, rng: &mut impl Rng) -> Duration {
        full_jitter(self.bound(attempt), rng)
    }

    /// The longest wait that [`Self::delay`] may draw after `attempt`.
    pub fn bound(&self, attempt: u32) -> Duration {
        let growth = 2_u32.saturating_pow(attempt.saturating_sub(1));
        self.first.saturating_mul(growth).min(self.longest)
    }
}

/// Any wait from nothing to `ceiling`, all equally likely.
pub fn full_jitter(ceiling: Duration, rng: &mut impl Rng) -> Duration {
    rng.random_range(Duration::ZERO..=ceiling)
}

impl TryFrom<Written> for Backoff {
    type Error = InvalidBackoff;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        Self::new(written.first, written.longest)
    }
}

impl From<Backoff> for Written {
    fn from(Backoff { first, longest }: Backoff) -> Self {
        Self { first, longest }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(Backoff::new(Duration::ZERO, SECOND), Err(InvalidBackoff::Zero));
        assert_eq!(Backoff::new(2 * SECOND, SECOND), Err(InvalidBackoff::Order));
    }

    #[test]
    fn bounds_double_up_to_the_longest() {
        let backoff = Backoff::new(SECOND, 5 * SECOND).unwrap();
        let bounds: Vec<_> = (1..=5).map(|attempt| backoff.bound(attempt).as_secs()).collect();
        assert_eq!(bounds, [1, 2, 4, 5, 5]);
    }

    proptest! {
        #[test]
        fn every_delay_is_within_its_bound(
            first in 1_u64..100_000, more in 0_u64..10_000_000, attempt: u32, seed: u64,
        ) {
            let (first, more) = (Duration::from_millis(first), Duration::from_millis(more));
            let backoff = Backoff::new(first, first + more).unwrap();
            let delay = backoff.delay(attempt, &mut StdRng::seed_from_u64(seed));
            prop_assert!(delay <= backoff.bound(attempt));
            prop_assert!(backoff.bound(attempt) >= first && backoff.bound(attempt) <= first + more);
            prop_assert!(backoff.bound(attempt) <= backoff.bound(attempt.saturating_add(1)));
        }
    }
}
