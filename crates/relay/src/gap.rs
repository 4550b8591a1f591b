//! Telling that notifications were lost, so that pushers compare what they know with the mail server.

use std::{sync::Arc, time::Duration};

use bus::{Bucket, Bus, GAPS_OF_RELAY};
use kit::backoff::Backoff;
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use crate::clock::Clock;

/// A loss that goes on is told again and again, but no more often than this.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// A client that comes back later than this is compared in its turn.
const REMEMBERED_FOR: Duration = Duration::from_secs(7 * 86_400);
/// The first and the longest wait while the bus does not take it.
const BUS_AWAY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// Losses that are yet to be told. Clones share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gaps(Arc<Notify>);

impl Gaps {
    /// Notifications were lost just now. Costs nothing to speak of, however often.
    pub fn note(&self) {
        self.0.notify_one();
    }

    /// Tells, until it is dropped. What it did not come to tell by then is noted still.
    pub async fn tell(&self, bus: &dyn Bus, clock: Clock) {
        self.each(|| tell_once(bus, clock)).await;
    }

    /// Tells what is noted and was not told yet, once and for no longer than `patience`: who goes tells nothing later.
    /// Whether nothing is left to be told.
    pub async fn tell_the_rest(&self, bus: &dyn Bus, clock: Clock, patience: Duration) -> bool {
        let is_noted = timeout(Duration::ZERO, self.0.notified()).await.is_ok();
        !is_noted || timeout(patience, tell_once(bus, clock)).await.is_ok()
    }

    /// What is noted while this waits is told after the wait: the last loss of many must be heard too, for an answer
    /// of the mail server may be from just before it.
    async fn each<F: Future<Output = ()>>(&self, tell: impl Fn() -> F) {
        loop {
            self.0.notified().await;
            let untold = Untold(self);
            tell().await;
            // Told: it must not be noted again.
            std::mem::forget(untold);
            sleep(TELL_EVERY).await;
        }
    }
}

/// A loss that is being told. Dropped, it was not, and is noted again.
struct Untold<'a>(&'a Gaps);

impl Drop for Untold<'_> {
    fn drop(&mut self) {
        self.0.note();
    }
}

async fn tell_once(bus: &dyn Bus, clock: Clock) {
    let (first, longest) = BUS_AWAY;
    let backoff = Backoff::new(first, longest).expect("the first wait is shorter than the longest");
    for attempt in 1.. {
        let told_at = clock().0.to_string();
        match bus.put(Bucket::Gaps, GAPS_OF_RELAY, told_at.into(), REMEMBERED_FOR).await {
            Ok(_revision) => return,
            Err(error) => {
                tracing::debug!(%error, attempt, "Bus does not take that notifications were lost");
                let wait = backoff.delay(attempt, &mut rand::rng());
                sleep(wait).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn losses_that_go_on_are_told_at_times_and_the_last_one_is_told_too() {
        let (gaps, began, told) = (Gaps::default(), Instant::now(), Mutex::new(Vec::new()));
        let losing = async {
            for _ in 0..100 {
                gaps.note();
                sleep(Duration::from_millis(150)).await;
            }
        };
        let telling = gaps.each(async || told.lock().unwrap().push(began.elapsed().as_secs()));
        let both = async { tokio::join!(losing, telling) };
        assert!(timeout(TELL_EVERY * 10, both).await.is_err(), "it tells until it is dropped");
        assert_eq!(*told.lock().unwrap(), [0, 10, 20]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_loss_that_was_not_told_when_telling_ended_is_among_the_rest() {
        let (gaps, told) = (Gaps::default(), Mutex::new(0));
        gaps.note();
        let bus_is_away = gaps.each(std::future::pending);
        assert!(timeout(TELL_EVERY, bus_is_away).await.is_err());
        let bus_is_back = gaps.each(async || *told.lock().unwrap() += 1);
        assert!(timeout(TELL_EVERY * 3, bus_is_back).await.is_err());
        assert_eq!(*told.lock().unwrap(), 1);
    }
}
