//! Whether a connection is there for nothing.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

/// Counts the requests of a connection that wait for an answer, and its open streams.
#[derive(Debug, Clone)]
pub struct InUse(Arc<watch::Sender<usize>>);

/// One of them, until this is dropped.
#[derive(Debug)]
pub struct Busy(InUse);

impl InUse {
    /// None yet.
    pub fn none() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// One more.
    pub fn begin(&self) -> Busy {
        self.0.send_modify(|busy| *busy += 1);
        Busy(self.clone())
    }

    /// Waits until there was none for so long.
    pub async fn idle_for(&self, time: Duration) {
        let mut busy = self.0.subscribe();
        loop {
            // The sender is in `self`: neither wait can fail.
            busy.wait_for(|busy| *busy == 0).await.ok();
            if tokio::time::timeout(time, busy.changed()).await.is_err() {
                return;
            }
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.send_modify(|busy| *busy -= 1);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn idle_counts_from_the_end_of_the_last_request() {
        let (in_use, began) = (InUse::none(), Instant::now());
        let using = async {
            tokio::time::sleep(5 * SECOND).await;
            let request = in_use.begin();
            tokio::time::sleep(100 * SECOND).await;
            drop(request);
        };
        tokio::join!(in_use.idle_for(10 * SECOND), using);
        assert_eq!(began.elapsed(), 115 * SECOND);
    }
}
