//! What readers may know without waiting behind the writer's queue: the states and values that were written or read
//! lately, and which keys are absent.
//!
//! The writer's thread alone changes it, after each commit, so that it never holds what is not on disk or what was
//! overwritten. States that are on their way to the disk stand before it, in [`crate::ahead`].

mod recent;
mod values;

use std::sync::{PoisonError, RwLock};

use bus::{Revision, Versioned};
use mailbox_event::AccountToken;

use recent::Recent;
pub(crate) use values::{Change, KeptValue, KnownValues, Place};

/// `None`: nobody put one yet.
pub(crate) type State = Option<Versioned>;

/// See the module.
pub(crate) struct Known {
    pub(crate) states: KnownStates,
    pub(crate) values: KnownValues,
}

/// The states of accounts.
pub(crate) struct KnownStates(RwLock<Recent<AccountToken, State>>);

impl KnownStates {
    /// Holds up to `octets`.
    pub(crate) fn new(octets: usize) -> Self {
        Self(RwLock::new(Recent::new(octets)))
    }

    /// The state of an account, if it is known.
    pub(crate) fn get(&self, account: AccountToken) -> Option<State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&account).cloned()
    }

    /// Forgets all states.
    pub(crate) fn begin_again(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The revision of an account's state, if it is known.
    pub(crate) fn revision(&self, account: AccountToken) -> Option<Option<Revision>> {
        let recent = self.0.read().unwrap_or_else(PoisonError::into_inner);
        recent.get(&account).map(|state| state.as_ref().map(|state| state.revision))
    }

    /// Forgets the state of an account.
    pub(crate) fn forget(&self, account: AccountToken) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).forget(&account);
    }

    /// Notes states in the order in which they came to be.
    pub(crate) fn note(&self, states: impl ExactSizeIterator<Item = (AccountToken, State)>) {
        if states.len() == 0 {
            return;
        }
        let mut recent = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (account, state) in states {
            let octets = state.as_ref().map_or(0, |state| state.value.len());
            recent.note(account, state, octets);
        }
    }
}

#[cfg(test)]
mod tests;
