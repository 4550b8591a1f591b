//! When each event was sent.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use crate::event::FIRST_MODSEQ;

/// The moments at which events were sent, by modseq; shared by who sends and who reads.
pub struct Stamps {
    began: Instant,
    sent: Vec<AtomicU64>,
}

impl Stamps {
    /// Room for this many events.
    pub fn new(events: usize) -> Self {
        Self {
            began: Instant::now(),
            sent: std::iter::repeat_with(AtomicU64::default).take(events).collect(),
        }
    }

    /// Nanoseconds since this was made.
    pub fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Notes that an event is sent at `moment`. What is not noted has no latency.
    pub fn note(&self, modseq: u64, moment: u64) {
        if let Some(sent) = self.sent(modseq) {
            sent.store(moment.max(1), Ordering::Release);
        }
    }

    /// Nanoseconds from the sending of an event to `moment`.
    pub fn latency(&self, modseq: u64, moment: u64) -> Option<u64> {
        let sent = self.sent(modseq)?.load(Ordering::Acquire);
        (sent != 0).then(|| moment.saturating_sub(sent))
    }

    fn sent(&self, modseq: u64) -> Option<&AtomicU64> {
        self.sent.get(usize::try_from(modseq.checked_sub(FIRST_MODSEQ)?).ok()?)
    }
}
