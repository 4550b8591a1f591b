//! Events at a steady rate.

use std::{
    io, thread,
    time::{Duration, Instant},
};

use super::Publisher;
use crate::{
    event::{Event, FIRST_MODSEQ},
    stamps::Stamps,
};

/// As often as the driver looks at the clock.
const TICK: Duration = Duration::from_millis(1);
/// Events in one write at most, when the driver is behind.
const LARGEST_BATCH: u64 = 256;

/// Events to send.
#[derive(Debug, Clone, Copy)]
pub struct Paced {
    /// The first event's number.
    pub first: u64,
    /// How many.
    pub events: u64,
    /// Per second.
    pub rate: u64,
    /// They go around these accounts.
    pub accounts: u32,
}

/// Sends them and says how long that took. An event that is late because the peer took none before counts from when
/// it was due.
pub fn pace(publisher: &mut Publisher, plan: Paced, stamps: &Stamps) -> io::Result<Duration> {
    let (began, began_at) = (Instant::now(), stamps.now());
    let mut sent = 0;
    while sent < plan.events {
        let due = nanoseconds(began.elapsed()) * plan.rate / 1_000_000_000;
        let until = due.min(plan.events).min(sent + LARGEST_BATCH);
        if until == sent {
            thread::park_timeout(TICK);
            continue;
        }
        let batch: Vec<Event> = (sent..until).map(|number| plan.event(number)).collect();
        for event in &batch {
            let number = event.modseq - FIRST_MODSEQ - plan.first;
            stamps.note(event.modseq, moment(stamps.now(), began_at + number * 1_000_000_000 / plan.rate));
        }
        publisher.send(&batch)?;
        sent = until;
    }
    Ok(began.elapsed())
}

/// A driver that sleeps a little long is not the peer's fault; several ticks are.
fn moment(now: u64, due: u64) -> u64 {
    if now.saturating_sub(due) > 5 * nanoseconds(TICK) { due } else { now }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Paced {
    fn event(self, number: u64) -> Event {
        let number = self.first + number;
        let account = u32::try_from(number % u64::from(self.accounts)).unwrap_or_default();
        Event { account, modseq: FIRST_MODSEQ + number }
    }
}
