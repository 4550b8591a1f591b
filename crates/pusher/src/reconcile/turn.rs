//! A question about an account that ends in some way, and be it by a panic.

use std::sync::Arc;

use mailbox_event::AccountToken;

use super::{Reconcile, now};

/// Which question it is.
#[derive(Debug, Clone, Copy)]
enum Question {
    /// Of a stream that came. The account may have a turn of its own meanwhile.
    First,
    /// In the account's turn.
    InTurn,
}

/// As long as an account is asked about. Dropped before [`Self::over`], it gives the account another turn: an account that
/// was for ever being asked about would be asked about no more.
pub(super) struct Turn {
    reconcile: Arc<Reconcile>,
    account: AccountToken,
    question: Question,
    is_over: bool,
}

impl Turn {
    /// The question begins that is the first about an account.
    pub(super) fn first(reconcile: &Arc<Reconcile>, account: AccountToken) -> Self {
        Self::begin(reconcile, account, Question::First)
    }

    /// The question begins that the schedule gave.
    pub(super) fn of(reconcile: &Arc<Reconcile>, account: AccountToken) -> Self {
        Self::begin(reconcile, account, Question::InTurn)
    }

    fn begin(reconcile: &Arc<Reconcile>, account: AccountToken, question: Question) -> Self {
        Self { reconcile: reconcile.clone(), account, question, is_over: false }
    }

    /// The schedule knows how it ended.
    pub(super) fn over(mut self) {
        self.is_over = true;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let (account, question) = (self.account, self.question);
        self.reconcile.with_schedule(|schedule| match question {
            Question::First => schedule.first_given_up(account, now(), &mut rand::rng()),
            Question::InTurn => schedule.given_up(account, now(), &mut rand::rng()),
        });
    }
}
