//! What an operator wants to count of a node.

use std::sync::atomic::{AtomicU64, Ordering};

use bus_node::LiveCounts;

/// What happened on a node since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NatsCounts {
    /// Connections that were made; each after the first is a reconnect.
    pub connections: u64,
    /// Live messages that the client dropped, for the node did not take them fast enough.
    pub slow_consumer: u64,
    /// States that came after one that did not: the later one is all that a reader of the earlier would have found.
    pub gaps: u64,
    /// States that were missed, were found by a read, and were told then.
    pub healed: u64,
    /// Live messages that could not be read: another program's, or a later release's.
    pub unreadable: u64,
    /// Live deliveries to listeners that did not succeed.
    pub live: LiveCounts,
}

/// Counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) connections: Counter,
    pub(crate) slow_consumer: Counter,
    pub(crate) gaps: Counter,
    pub(crate) healed: Counter,
    pub(crate) unreadable: Counter,
}

/// One number that only rises.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(crate) fn read(&self, live: LiveCounts) -> NatsCounts {
        NatsCounts {
            connections: self.connections.get(),
            slow_consumer: self.slow_consumer.get(),
            gaps: self.gaps.get(),
            healed: self.healed.get(),
            unreadable: self.unreadable.get(),
            live,
        }
    }
}
