//! Waiting for a condition.

use std::time::Duration;

use tokio::time::Instant;

/// How often a condition is looked at: far below what a test may assert, far above what it costs.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Looks until `probe` gives a value, and returns it. This is how a test waits: it never sleeps.
///
/// # Panics
/// When `deadline` has passed, naming `what` was awaited.
pub async fn eventually<T>(deadline: Duration, what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + deadline;
    loop {
        if let Some(value) = probe().await {
            return value;
        }
        assert!(Instant::now() < end, "not within {deadline:?}: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
