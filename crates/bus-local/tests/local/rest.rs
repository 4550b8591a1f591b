//! Waiting without time.

use bus::Bus;
use bus_local::LocalBus;

/// A run is taken, ends, is settled, and the next is looked for: two calls to the writer, and some turns of the tasks
/// between them. Many times that.
const TURNS: usize = 20;

/// Waits until the workers have settled their last runs and found nothing that is due: the writer answers in order,
/// so that each turn lets every task make its next call. A bus that is closed rests.
pub async fn rest(bus: &LocalBus) {
    for _ in 0..TURNS {
        // Fails when it is closed.
        bus.health().await.ok();
        tokio::task::yield_now().await;
    }
}
