//! Time as an argument: what the wall clock says, and waiting.

use std::{pin::Pin, time::Duration};

use mailbox_event::UnixMillis;
use tokio::sync::watch;

/// A wait that a [`Clock`] gave.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the bus asks about time.
pub trait Clock: Send + Sync + 'static {
    /// The wall clock: due times and expiry outlive the process, so they are kept in it.
    fn now(&self) -> UnixMillis;

    /// Waits for `duration`, whatever the wall clock does meanwhile.
    fn sleep(&self, duration: Duration) -> Sleep;
}

/// The machine's clock and tokio's timer.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(kit::clock::unix_millis())
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A clock that stands still until it is told to advance. For tests: unlike tokio's paused clock it does not run
/// ahead while the writer thread works.
#[derive(Debug, Clone)]
pub struct ManualClock(watch::Sender<UnixMillis>);

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn new(now: UnixMillis) -> Self {
        Self(watch::Sender::new(now))
    }

    /// Moves it, and ends the waits that are over by then.
    pub fn advance(&self, duration: Duration) {
        self.0.send_modify(|now| *now = later(*now, duration));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixMillis {
        *self.0.borrow()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let mut now = self.0.subscribe();
        let end = later(self.now(), duration);
        Box::pin(async move {
            if now.wait_for(|now| *now >= end).await.is_err() {
                // The clock is gone, so nobody can end this wait any more.
                std::future::pending::<()>().await;
            }
        })
    }
}

/// `duration` after `time`; the end of time stands in for what lies behind it.
pub fn later(time: UnixMillis, duration: Duration) -> UnixMillis {
    UnixMillis(time.0.saturating_add(whole_millis(duration)))
}

/// `duration` before `time`.
pub fn earlier(time: UnixMillis, duration: Duration) -> UnixMillis {
    UnixMillis(time.0.saturating_sub(whole_millis(duration)))
}

/// From `from` to `to`; nothing if that is in the past.
pub fn until(from: UnixMillis, to: UnixMillis) -> Duration {
    Duration::from_millis(to.0.saturating_sub(from.0))
}

fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
