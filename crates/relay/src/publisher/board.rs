//! The board of accounts: what is to be done for each, what of it is under way, and which records are done with.
//!
//! Of an account one piece of work is under way at a time, so its order holds; accounts go side by side. What comes
//! meanwhile waits, observations together. Nothing here does anything: [`Board::start`] says what is to be done next,
//! and [`Board::finish`] or [`Board::fail`] hears what became of it.

mod records;
mod work;

use std::collections::{HashMap, HashSet, VecDeque, hash_map::Entry};

use mailbox_event::AccountToken;
use routing::Publications;

use crate::spool::{Record, Window};
use records::Records;
use work::AccountWork;

pub(super) use records::Done;
pub(super) use work::{Jobs, Piece, Work};

/// See the module.
#[derive(Debug)]
pub(super) struct Board {
    /// Accounts with work that waits or is under way: no more than there are records.
    accounts: HashMap<AccountToken, AccountWork>,
    /// Those of them with none under way, in the order in which they are served.
    ready: VecDeque<AccountToken>,
    /// The others with none under way: nothing but jobs that are held back, and what waits for them.
    held: HashSet<AccountToken>,
    records: Records,
    failing: Failing,
}

/// Pieces that failed and are not done yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Failing {
    pub jobs: usize,
    pub others: usize,
}

impl Failing {
    fn of(&mut self, piece: &Piece) -> &mut usize {
        if piece.is_job() { &mut self.jobs } else { &mut self.others }
    }
}

impl Board {
    /// Holds as many records as fit in `bound`, and one more where octets are concerned.
    pub fn new(bound: Window) -> Self {
        let (accounts, held) = Default::default();
        let (ready, records) = (VecDeque::new(), Records::new(bound));
        Self { accounts, ready, held, records, failing: Failing::default() }
    }

    /// How much may be added; nothing where either is zero.
    pub fn room(&self) -> Window {
        self.records.room()
    }

    /// Adds a record, which comes after all before it, and what came of it.
    pub fn add(&mut self, record: Record, publications: Publications) {
        let Publications { state, messages } = publications;
        let sequence = record.sequence;
        let pieces = usize::from(state.is_some()) + messages.len();
        self.records.add(record, pieces);
        if let Some((account, observation)) = state {
            self.work(account).observe(observation, sequence);
            if self.held.remove(&account) {
                self.ready.push_back(account);
            }
        }
        for (message, keys) in messages {
            self.work(message.topic.account()).dispatch(message, keys);
        }
    }

    fn work(&mut self, account: AccountToken) -> &mut AccountWork {
        self.accounts.entry(account).or_insert_with(|| {
            self.ready.push_back(account);
            AccountWork::default()
        })
    }

    /// The next piece of work, which is under way from here on.
    pub fn start(&mut self, jobs: Jobs) -> Option<Piece> {
        if jobs == Jobs::Go && !self.held.is_empty() {
            self.ready.extend(self.held.drain());
        }
        loop {
            let account = self.ready.pop_front()?;
            let next = self.accounts.get_mut(&account)?.next(account, jobs);
            if next.is_some() {
                return next;
            }
            self.held.insert(account);
        }
    }

    /// A piece is done with.
    pub fn finish(&mut self, piece: &Piece) {
        piece.sequences().iter().for_each(|sequence| self.records.finish(*sequence));
        *self.failing.of(piece) -= usize::from(piece.has_failed);
        match self.accounts.entry(piece.account) {
            Entry::Occupied(work) if work.get().is_empty() => {
                work.remove();
            }
            _ => self.ready.push_back(piece.account),
        }
    }

    /// A piece is to be done again: before all else of its account, and its account before others.
    pub fn fail(&mut self, mut piece: Piece) {
        let account = piece.account;
        *self.failing.of(&piece) += usize::from(!piece.has_failed);
        piece.has_failed = true;
        self.accounts.entry(account).or_default().again(piece);
        self.ready.push_front(account);
    }

    /// How many failed and are not done yet.
    pub fn failing(&self) -> Failing {
        self.failing
    }

    /// The records of a piece that is under way.
    pub fn records_of<'a>(&'a self, piece: &'a Piece) -> impl Iterator<Item = &'a Record> {
        piece.sequences().iter().filter_map(|sequence| self.records.get(*sequence))
    }

    /// Whether records are done with that were not taken.
    pub fn has_done(&self) -> bool {
        self.records.has_done()
    }

    /// The records that are done with, and all before them, since this was asked last; `None` while they are fewer
    /// than `least`, which is not zero.
    pub fn take_done(&mut self, least: u64) -> Option<Done> {
        self.records.take_done(least)
    }
}

#[cfg(test)]
mod tests;
