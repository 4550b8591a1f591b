//! A question about an account that ends in some way, and be it by a panic.

use std::sync::Arc;

use mailbox_event::AccountToken;

use super::{Reconcile, now};

/// As long as an account is asked about. Dropped before [`Self::over`], it gives the account another turn: an account that
/// was for ever being asked about would be asked about no more.
pub(super) struct Turn {
    reconcile: Arc<Reconcile>,
    account: AccountToken,
    is_over: bool,
}

impl Turn {
    /// The question begins.
    pub(super) fn of(reconcile: &Arc<Reconcile>, account: AccountToken) -> Self {
        Self { reconcile: reconcile.clone(), account, is_over: false }
    }

    /// The schedule knows how it ended.
    pub(super) fn over(mut self) {
        self.is_over = true;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.is_over {
            self.reconcile.with_schedule(|schedule| schedule.given_up(self.account, now(), &mut rand::rng()));
        }
    }
}
