//! The work of one window, spread by account.

use std::collections::{BTreeMap, VecDeque};

use bus::{Key, Message};
use mailbox_event::{Account, AccountToken, EventId, RelayId};
use routing::Publications;
use state::Observation;

/// What a window asks of the bus.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// In the order of their first record.
    pub accounts: Vec<AccountWork>,
    places: BTreeMap<AccountToken, usize>,
}

/// What is left to do for one account: its state first, in one write, then its messages in order.
#[derive(Debug)]
pub(super) struct AccountWork {
    token: AccountToken,
    merge: Option<Merge>,
    messages: VecDeque<(Message, Vec<Key>)>,
}

/// Observations that become one write.
#[derive(Debug)]
pub(super) struct Merge {
    account: Account,
    observations: Vec<Observation>,
    /// The records that they came from, in order.
    sequences: Vec<u64>,
}

impl Plan {
    /// Adds what came of the record `sequence`; false when that is nothing.
    pub fn add(&mut self, sequence: u64, publications: Publications) -> bool {
        let Publications { state, messages } = publications;
        let is_something = state.is_some() || !messages.is_empty();
        if let Some((token, observation)) = state {
            self.work(token).observe(observation, sequence);
        }
        for (message, keys) in messages {
            self.work(message.topic.account()).messages.push_back((message, keys));
        }
        is_something
    }

    fn work(&mut self, token: AccountToken) -> &mut AccountWork {
        let place = *self.places.entry(token).or_insert_with(|| {
            self.accounts.push(AccountWork { token, merge: None, messages: VecDeque::new() });
            self.accounts.len() - 1
        });
        &mut self.accounts[place]
    }
}

impl AccountWork {
    fn observe(&mut self, observation: Observation, sequence: u64) {
        let merge = self.merge.get_or_insert_with(|| Merge::of(observation.account().clone()));
        merge.observations.push(observation);
        merge.sequences.push(sequence);
    }

    /// What is to be merged into the account's state.
    pub fn merge(&self) -> Option<(AccountToken, &Merge)> {
        self.merge.as_ref().map(|merge| (self.token, merge))
    }

    /// The merge is done with.
    pub fn merged(&mut self) {
        self.merge = None;
    }

    /// The next message.
    pub fn message(&self) -> Option<(&Message, &[Key])> {
        self.messages.front().map(|(message, keys)| (message, keys.as_slice()))
    }

    /// The next message is done with.
    pub fn dispatched(&mut self) {
        self.messages.pop_front();
    }

    pub fn is_done(&self) -> bool {
        self.merge.is_none() && self.messages.is_empty()
    }
}

impl Merge {
    fn of(account: Account) -> Self {
        Self { account, observations: Vec::new(), sequences: Vec::new() }
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

    /// The records that are merged, in order.
    pub fn sequences(&self) -> &[u64] {
        &self.sequences
    }
}
