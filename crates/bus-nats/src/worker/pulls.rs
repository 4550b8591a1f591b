//! Which of a group's consumers is asked for jobs, and for how many. Pure: the worker sends what this says.
//!
//! A consumer that may have jobs is *probed*: "one, at once", as often as there are places, the most urgent first. One
//! that has none has a *standing* request: "one, when it comes". Each request is for one job and has one answer, so that
//! nothing has to be counted back when a server gives less than it was asked for. A job that comes when there is no
//! place goes back to the server at once: it is not held here, where no other node could take it.

use std::{collections::VecDeque, time::Duration};

use bus::Urgency;
use tokio::time::Instant;

/// How long a server keeps a standing request. Also how long a group may be deaf to a consumer whose server lost it.
pub(crate) const STANDING: Duration = Duration::from_secs(5);

/// How long the answer to a request may take beyond the time that it has on the server.
const SLACK: Duration = Duration::from_secs(1);

/// Probes without an answer at one time: their answers have to fit into the client's queue for the inbox.
const MOST_PROBES: usize = 32;

/// A request to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ask {
    /// Which consumer, by its place in the list.
    pub(crate) source: usize,
    /// Comes back with an answer that is no job.
    pub(crate) number: u64,
    /// Whether the server is to answer at once.
    pub(crate) is_probe: bool,
}

/// A request without an answer.
struct Asked {
    number: u64,
    is_probe: bool,
    lapses: Instant,
}

struct Consumer {
    urgency: Urgency,
    /// Whether it may have jobs that nobody was given.
    may_have_more: bool,
    /// When it was last asked, in requests: those of one urgency take turns.
    last: u64,
    asked: VecDeque<Asked>,
}

/// The requests of one worker. Bounded: one for each consumer, and one for each place.
pub(crate) struct Pulls {
    consumers: Vec<Consumer>,
    number: u64,
}

impl Pulls {
    /// Nothing asked yet, of consumers of these urgencies.
    pub(crate) fn new(urgencies: impl IntoIterator<Item = Urgency>) -> Self {
        let consumer = |urgency| Consumer { urgency, may_have_more: true, last: 0, asked: VecDeque::new() };
        Self { consumers: urgencies.into_iter().map(consumer).collect(), number: 0 }
    }

    /// What to ask, when `free` places have no job.
    pub(crate) fn next(&mut self, free: usize, now: Instant) -> Vec<Ask> {
        let mut asks = Vec::new();
        for _ in self.probes(None)..free.min(MOST_PROBES) {
            let Some(source) = self.best() else { break };
            asks.push(self.ask(source, true, now));
        }
        for source in 0..self.consumers.len() {
            let consumer = &self.consumers[source];
            if !consumer.may_have_more && consumer.asked.is_empty() {
                asks.push(self.ask(source, false, now));
            }
        }
        asks
    }

    /// The most urgent consumer that may have jobs, of those the one that was asked the longest time ago.
    fn best(&self) -> Option<usize> {
        let candidates = self.consumers.iter().enumerate().filter(|(_, consumer)| consumer.may_have_more);
        candidates.min_by_key(|(_, consumer)| (consumer.urgency, consumer.last)).map(|(source, _)| source)
    }

    fn ask(&mut self, source: usize, is_probe: bool, now: Instant) -> Ask {
        self.number += 1;
        let (number, consumer) = (self.number, &mut self.consumers[source]);
        consumer.last = number;
        let lapses = now + SLACK + if is_probe { Duration::ZERO } else { STANDING };
        consumer.asked.push_back(Asked { number, is_probe, lapses });
        Ask { source, number, is_probe }
    }

    /// Probes without an answer, of consumers that are more urgent than `than`, or of all.
    fn probes(&self, than: Option<Urgency>) -> usize {
        let consumers =
            self.consumers.iter().filter(|consumer| than.is_none_or(|than| consumer.urgency < than));
        consumers.flat_map(|consumer| &consumer.asked).filter(|asked| asked.is_probe).count()
    }

    /// A job came, and the server says how many more it has. Tells whether it may have one of the `free` places: those
    /// that more urgent consumers were asked to fill are theirs.
    pub(crate) fn arrived(&mut self, source: usize, pending: u64, free: usize) -> bool {
        let consumer = &mut self.consumers[source];
        // The server answers in the order of requests.
        consumer.asked.pop_front();
        consumer.may_have_more |= pending > 0;
        let urgency = consumer.urgency;
        let is_welcome = free > self.probes(Some(urgency));
        self.consumers[source].may_have_more |= !is_welcome;
        is_welcome
    }

    /// A job of this consumer went back to the server.
    pub(crate) fn returned(&mut self, source: usize) {
        self.consumers[source].may_have_more = true;
    }

    /// A request was answered without a job. `is_empty`: the consumer has none.
    pub(crate) fn refused(&mut self, source: usize, number: u64, is_empty: bool) {
        let Some(consumer) = self.consumers.get_mut(source) else { return };
        let Some(place) = consumer.asked.iter().position(|asked| asked.number == number) else { return };
        if consumer.asked.remove(place).is_some_and(|asked| asked.is_probe && is_empty) {
            consumer.may_have_more = false;
        }
    }

    /// Forgets requests whose answer is overdue: the server does not know them any more.
    pub(crate) fn lapse(&mut self, now: Instant) {
        for consumer in &mut self.consumers {
            consumer.asked.retain(|asked| asked.lapses > now);
        }
    }

    #[cfg(test)]
    /// When the next answer is overdue.
    pub(crate) fn next_lapse(&self) -> Option<Instant> {
        self.consumers.iter().flat_map(|consumer| &consumer.asked).map(|asked| asked.lapses).min()
    }

    /// The server has forgotten every request, and anything may have come meanwhile.
    pub(crate) fn reset(&mut self) {
        for consumer in &mut self.consumers {
            consumer.asked.clear();
            consumer.may_have_more = true;
        }
    }
}

#[cfg(test)]
mod tests;
