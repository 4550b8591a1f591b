//! What a transaction wrote or read, until it is committed.

use std::sync::Arc;

use bus::Versioned;
use mailbox_event::AccountToken;

use super::Tables;
use crate::known::{Change, Known};

/// Bounded by the calls in a transaction, and the values whose time is over.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) states: Vec<(AccountToken, Option<Versioned>)>,
    pub(super) values: Vec<Change>,
}

impl Seen {
    /// How many states and values.
    pub(super) fn len(&self) -> (usize, usize) {
        (self.states.len(), self.values.len())
    }

    /// Forgets what came after the first so many.
    pub(super) fn truncate(&mut self, (states, values): (usize, usize)) {
        self.states.truncate(states);
        self.values.truncate(values);
    }
}

impl Tables {
    /// What others may read beside the writer's thread.
    pub(crate) fn known(&self) -> Arc<Known> {
        self.known.clone()
    }

    /// Lets others see the states and values that the last transaction saw, if it was committed.
    pub(crate) fn show_states(&self, is_committed: bool) {
        let mut seen = self.seen.borrow_mut();
        if is_committed {
            self.known.states.note(seen.states.drain(..));
            self.known.values.note(seen.values.drain(..));
        } else {
            seen.truncate((0, 0));
        }
    }
}
