//! The latest records in memory, so that publishing reads no disk while it keeps up.

use std::collections::VecDeque;

use mailbox_event::UnixMillis;

use super::{Window, record::Record};

/// Enough for a burst that publishing needs a second for; a longer backlog is read from disk.
const MOST_RECORDS: usize = 8192;
/// Payloads are shared with nobody here: this is memory held.
const MOST_OCTETS: usize = 8 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Tail {
    records: VecDeque<Record>,
    octets: usize,
    /// Every record from this sequence on is here.
    from: u64,
}

impl Tail {
    pub fn new(next: u64) -> Self {
        Self { records: VecDeque::new(), octets: 0, from: next }
    }

    pub fn from(&self) -> u64 {
        self.from
    }

    pub fn push(&mut self, record: Record) {
        self.octets += record.encoded_len();
        self.records.push_back(record);
        while self.records.len() > MOST_RECORDS || self.octets > MOST_OCTETS {
            self.pop();
        }
    }

    /// When the first of them was taken.
    pub fn oldest(&self) -> Option<UnixMillis> {
        self.records.front().map(|record| record.taken_at)
    }

    /// Lets go of what is published.
    pub fn forget_below(&mut self, position: u64) {
        while self.records.front().is_some_and(|record| record.sequence < position) {
            self.pop();
        }
    }

    fn pop(&mut self) {
        if let Some(record) = self.records.pop_front() {
            self.octets -= record.encoded_len();
            self.from = record.sequence + 1;
        }
    }

    /// Those of the records from `from` to before `end` that are here.
    pub fn between(&self, from: u64, end: u64) -> Vec<Record> {
        let place = |sequence| self.records.partition_point(|record| record.sequence < sequence);
        self.records.range(place(from)..place(end)).cloned().collect()
    }

    /// The records from `from` on, as many as the window takes.
    pub fn read(&self, from: u64, window: Window) -> Vec<Record> {
        let start = self.records.partition_point(|record| record.sequence < from);
        let mut octets = 0;
        let fits = |record: &&Record| {
            let first = octets == 0;
            octets += record.encoded_len();
            first || octets <= window.octets
        };
        self.records.range(start..).take(window.records).take_while(fits).cloned().collect()
    }
}
