//! Records in the order of the spool, and how much of each is left to do.

use std::collections::VecDeque;

use mailbox_event::UnixMillis;

use crate::spool::{Record, Window};

/// Records that are done with, and all before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::publisher) struct Done {
    /// The first sequence that may not be.
    pub position: u64,
    /// How many are.
    pub records: u64,
    /// When the oldest of those that wait was taken, if one waits.
    pub oldest: Option<UnixMillis>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Records {
    /// The first of them is never done with.
    waiting: VecDeque<Waiting>,
    octets: usize,
    bound: Window,
    /// Since it was asked for last.
    done: u64,
    position: u64,
}

#[derive(Debug)]
struct Waiting {
    record: Record,
    /// Pieces of work that are not done.
    pieces: usize,
}

impl Records {
    pub fn new(bound: Window) -> Self {
        Self { waiting: VecDeque::new(), octets: 0, bound, done: 0, position: 0 }
    }

    pub fn room(&self) -> Window {
        Window {
            records: self.bound.records.saturating_sub(self.waiting.len()),
            octets: self.bound.octets.saturating_sub(self.octets),
        }
    }

    /// Adds the record that comes after all others, with so many pieces of work.
    pub fn add(&mut self, record: Record, pieces: usize) {
        self.octets += record.encoded_len();
        self.waiting.push_back(Waiting { record, pieces });
        self.pass_done();
    }

    pub fn get(&self, sequence: u64) -> Option<&Record> {
        self.find(sequence).map(|place| &self.waiting[place].record)
    }

    /// A piece of a record is done with.
    pub fn finish(&mut self, sequence: u64) {
        if let Some(place) = self.find(sequence) {
            self.waiting[place].pieces -= 1;
            self.pass_done();
        }
    }

    /// Sequences rise, with few gaps: where there is none before it, its place is known.
    fn find(&self, sequence: u64) -> Option<usize> {
        let first = self.waiting.front()?.record.sequence;
        let place = usize::try_from(sequence.checked_sub(first)?).ok()?;
        match self.waiting.get(place) {
            Some(waiting) if waiting.record.sequence == sequence => Some(place),
            _ => self.waiting.binary_search_by_key(&sequence, |waiting| waiting.record.sequence).ok(),
        }
    }

    fn pass_done(&mut self) {
        while let Some(first) = self.waiting.pop_front_if(|first| first.pieces == 0) {
            self.octets -= first.record.encoded_len();
            self.position = first.record.sequence + 1;
            self.done += 1;
        }
    }

    pub fn has_done(&self) -> bool {
        self.done > 0
    }

    pub fn take_done(&mut self, least: u64) -> Option<Done> {
        (self.done >= least).then(|| Done {
            position: self.position,
            records: std::mem::take(&mut self.done),
            oldest: self.waiting.front().map(|first| first.record.taken_at),
        })
    }
}
