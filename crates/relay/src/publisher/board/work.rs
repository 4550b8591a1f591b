//! The work of one account, and pieces of it.

use std::{collections::VecDeque, slice};

use bus::{Key, Message};
use mailbox_event::{Account, AccountToken, EventId, RelayId};
use state::Observation;

/// What is done for an account at a time.
#[derive(Debug)]
pub(in crate::publisher) struct Piece {
    pub account: AccountToken,
    pub work: Work,
    /// It was tried before.
    pub(super) has_failed: bool,
}

/// What is asked of the bus.
#[derive(Debug)]
pub(in crate::publisher) enum Work {
    /// One write of the state.
    Merge(Merge),
    /// One message, and whose listeners hear it.
    Dispatch(Message, Vec<Key>),
}

/// Whether jobs are given out. What comes after a job of its account that is held back waits with it, states excepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::publisher) enum Jobs {
    Go,
    AreHeld,
}

/// Observations that become one write.
#[derive(Debug)]
pub(in crate::publisher) struct Merge {
    account: Account,
    observations: Vec<Observation>,
    /// The records that they came from, in order.
    sequences: Vec<u64>,
}

/// What waits of one account. Empty while its last piece is under way. Small, for thousands lie side by side.
#[derive(Debug, Default)]
pub(super) struct AccountWork {
    /// They failed and stay as they are, under their ids.
    merge_again: Option<Box<Piece>>,
    message_again: Option<Box<Piece>>,
    merge: Option<Merge>,
    messages: VecDeque<(Message, Vec<Key>)>,
    /// What was started last was a merge.
    has_merged: bool,
}

impl AccountWork {
    pub fn observe(&mut self, observation: Observation, sequence: u64) {
        match &mut self.merge {
            Some(merge) => {
                merge.observations.push(observation);
                merge.sequences.push(sequence);
            }
            None => self.merge = Some(Merge::of(observation, sequence)),
        }
    }

    pub fn dispatch(&mut self, message: Message, keys: Vec<Key>) {
        self.messages.push_back((message, keys));
    }

    pub fn again(&mut self, piece: Piece) {
        match piece.work {
            Work::Merge(_) => self.merge_again = Some(Box::new(piece)),
            Work::Dispatch(..) => self.message_again = Some(Box::new(piece)),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.merge_again.is_none()
            && self.message_again.is_none()
            && self.merge.is_none()
            && self.messages.is_empty()
    }

    /// Takes the next piece that may be done.
    pub fn next(&mut self, account: AccountToken, jobs: Jobs) -> Option<Piece> {
        let piece = |work| Piece { account, work, has_failed: false };
        let may_go = |message: &mut Box<Piece>| jobs == Jobs::Go || !message.is_job();
        let again = self.merge_again.take().or_else(|| self.message_again.take_if(may_go));
        again.map(|piece| *piece).or_else(|| self.next_untried(jobs).map(piece))
    }

    fn next_untried(&mut self, jobs: Jobs) -> Option<Work> {
        let may_tell = self.message_again.is_none()
            && self.messages.front().is_some_and(|(message, _)| jobs == Jobs::Go || !is_job(message));
        self.has_merged = self.merge.is_some() && !(may_tell && self.is_messages_turn());
        if self.has_merged {
            return self.merge.take().map(Work::Merge);
        }
        let (message, keys) = if may_tell { self.messages.pop_front()? } else { return None };
        Some(Work::Dispatch(message, keys))
    }

    /// A state goes before messages, for it is what streams wait for; but not forever, where there is always another.
    /// Never does a message go before the state of its own record.
    fn is_messages_turn(&self) -> bool {
        let (Some(merge), Some((message, _))) = (&self.merge, self.messages.front()) else { return false };
        self.has_merged && merge.sequences.first().is_some_and(|first| message.id.sequence < *first)
    }
}

impl Merge {
    /// Mostly the first observation is all: a growing vector would make room for four.
    fn of(observation: Observation, sequence: u64) -> Self {
        let account = observation.account().clone();
        Self { account, observations: vec![observation], sequences: vec![sequence] }
    }

    /// Whose state it is.
    pub fn account(&self) -> &Account {
        &self.account
    }

    pub fn observations(&self) -> &[Observation] {
        &self.observations
    }

    /// The last event that was merged names the write.
    pub fn cause(&self, relay: RelayId) -> EventId {
        let last = self.sequences.last().expect("a merge is made with its first observation");
        EventId { relay, sequence: *last }
    }
}

impl Piece {
    /// Whether it is work for a group.
    pub fn is_job(&self) -> bool {
        matches!(&self.work, Work::Dispatch(message, _) if is_job(message))
    }

    /// Which kind of work it is, for the log.
    pub fn class(&self) -> &'static str {
        match &self.work {
            Work::Merge(_) => "states",
            Work::Dispatch(message, _) if is_job(message) => "jobs",
            Work::Dispatch(..) => "alerts",
        }
    }

    /// The records that it came from, in order.
    pub fn sequences(&self) -> &[u64] {
        match &self.work {
            Work::Merge(merge) => &merge.sequences,
            Work::Dispatch(message, _) => slice::from_ref(&message.id.sequence),
        }
    }
}

fn is_job(message: &Message) -> bool {
    message.topic.job().is_some()
}
