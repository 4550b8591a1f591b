//! Time and chance, as a bus sees them.

use std::{fmt, sync::Arc, time::Duration};

use crate::{Clock, SystemClock};

/// Draws a wait between nothing and the given one.
pub type Jitter = Arc<dyn Fn(Duration) -> Duration + Send + Sync>;

/// Time and chance, as the bus sees them.
#[derive(Clone)]
pub struct Surroundings {
    /// Tells the time and waits.
    pub clock: Arc<dyn Clock>,
    /// Spreads the waits between attempts.
    pub jitter: Jitter,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), jitter: Arc::new(full_jitter) }
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Surroundings(..)")
    }
}

/// Any wait up to `ceiling`, all equally likely.
pub fn full_jitter(ceiling: Duration) -> Duration {
    kit::backoff::full_jitter(ceiling, &mut rand::rng())
}
