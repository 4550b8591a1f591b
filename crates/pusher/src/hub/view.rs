//! What is known of an account at one moment.

use std::{sync::Arc, time::Instant};

use state::AccountState;

use super::Alerts;
use crate::{revocation::Endings, stream::SharedTold};

/// Shared by all streams of the account; a stream compares it with what its client has.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The newest state.
    pub state: Option<Arc<AccountState>>,
    /// How often the state moved here; what a stream did not see of it was merged for it.
    pub version: u64,
    /// When the state was heard.
    pub heard_at: Option<Instant>,
    /// What streams were told of this state.
    pub told: SharedTold,
    /// The last alerts.
    pub alerts: Alerts,
    /// Whether the bus was asked for the state and answered, or failed once.
    pub is_loaded: bool,
    /// Which streams have to end.
    pub endings: Endings,
    /// Whether this node is going away.
    pub is_leaving: bool,
}

impl View {
    /// Joins what the bus says. Says whether any number that a client may see moved.
    ///
    /// The newer one is usually `said`: the older is joined into it, which clones nothing.
    pub fn join(&mut self, mut said: AccountState, heard_at: Instant) -> bool {
        if let Some(known) = &self.state {
            if known.account != said.account {
                return false;
            }
            let _joined = said.join(known);
        }
        let moved = self.state.as_ref().is_none_or(|known| numbers(known) != numbers(&said));
        self.state = Some(Arc::new(said));
        self.told.clear();
        if moved {
            self.version += 1;
            self.heard_at = Some(heard_at);
        }
        moved
    }

    /// The state, if any number of it is known.
    pub fn known_state(&self) -> Option<&Arc<AccountState>> {
        self.state.as_ref().filter(|state| !state.vector.is_unknown())
    }
}

fn numbers(state: &AccountState) -> (state::Epoch, state::Basis, &state::Vector) {
    (state.epoch, state.basis, &state.vector)
}
