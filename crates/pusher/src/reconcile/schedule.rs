//! Which account is to be asked about when. Time and chance are arguments.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use kit::backoff::{Backoff, full_jitter};
use mailbox_event::AccountToken;
use rand::{Rng, RngExt};

use crate::settings::ReconcileSettings;

/// A node that started so recently may have missed what was stored before: its first streams do not wait for a turn.
const RECENTLY: Duration = Duration::from_secs(600);

/// The waits while the mail server does not answer.
const OUTAGE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// The turns of the accounts of a node. One that has no streams any more stays until its turn comes, so that a client
/// that goes and comes is not asked about each time.
#[derive(Debug)]
pub(super) struct Schedule {
    /// `None`: only where there is a reason.
    every: Option<Duration>,
    window: Duration,
    started: Instant,
    is_gap_known: bool,
    /// The accounts that wait, by their turn.
    turns: BTreeSet<(Instant, AccountToken)>,
    accounts: HashMap<AccountToken, Standing>,
    pause: Pause,
    backoff: Backoff,
}

#[derive(Debug, Clone, Copy)]
enum Standing {
    Waiting(Instant),
    /// It is being asked about. The answer may be from before a gap that was heard of meanwhile: then once more.
    Asking {
        again: Option<Instant>,
    },
}

/// Nothing is asked while the mail server does not answer.
#[derive(Debug)]
struct Pause {
    failures: u32,
    began: Instant,
    until: Instant,
}

impl Schedule {
    /// An empty one, of a node that starts now.
    pub(super) fn new(settings: &ReconcileSettings, now: Instant) -> Self {
        let (first, longest) = OUTAGE;
        Self {
            every: Some(settings.every).filter(|every| !every.is_zero()),
            window: settings.window,
            started: now,
            is_gap_known: false,
            turns: BTreeSet::new(),
            accounts: HashMap::new(),
            pause: Pause { failures: 0, began: now, until: now },
            backoff: Backoff::new(first, longest).expect("the first wait is shorter than the longest"),
        }
    }

    /// A stream came. An account that is known here keeps its turn.
    pub(super) fn joined(&mut self, account: AccountToken, now: Instant, rng: &mut impl Rng) {
        if self.accounts.contains_key(&account) {
            return;
        }
        // Nobody knows when it was asked about last.
        if self.is_gap_known || now.saturating_duration_since(self.started) < RECENTLY {
            self.wait(account, now + full_jitter(self.window, rng));
        } else {
            self.wait_for_next(account, now, rng);
        }
    }

    /// Notifications were lost: `accounts`, and those known here, have their turn within the window.
    pub(super) fn gap(
        &mut self,
        accounts: impl IntoIterator<Item = AccountToken>,
        now: Instant,
        rng: &mut impl Rng,
    ) {
        let known: Vec<_> = self.accounts.keys().copied().collect();
        let unknown: Vec<_> =
            accounts.into_iter().filter(|account| !self.accounts.contains_key(account)).collect();
        for account in known.into_iter().chain(unknown) {
            let turn = now + full_jitter(self.window, rng);
            match self.accounts.get_mut(&account) {
                Some(Standing::Asking { again }) => *again = Some(turn),
                Some(Standing::Waiting(sooner)) if *sooner <= turn => {}
                _ => self.wait(account, turn),
            }
        }
    }

    /// Whether a gap is remembered anywhere: an account that comes may have been changed in it.
    pub(super) fn remember_gap(&mut self, is_known: bool) {
        self.is_gap_known = is_known;
    }

    /// An account whose turn has come, if nothing holds it back. To be followed by one of the four below.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<AccountToken> {
        let (turn, account) = *self.turns.first()?;
        if turn.max(self.pause.until) > now {
            return None;
        }
        self.turns.pop_first();
        self.accounts.insert(account, Standing::Asking { again: None });
        Some(account)
    }

    /// When [`Self::take_due`] gives the next one.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.turns.first().map(|(turn, _)| (*turn).max(self.pause.until))
    }

    /// The mail server said what it has of an account that came just now.
    pub(super) fn told(&mut self, account: AccountToken, now: Instant, rng: &mut impl Rng) {
        if !self.accounts.contains_key(&account) {
            self.wait_for_next(account, now, rng);
        }
    }

    /// The mail server said what it has.
    pub(super) fn answered(&mut self, account: AccountToken, now: Instant, rng: &mut impl Rng) {
        self.pause.failures = 0;
        match self.accounts.get(&account) {
            Some(Standing::Asking { again: Some(turn) }) => self.wait(account, *turn),
            _ => self.wait_for_next(account, now, rng),
        }
    }

    /// The mail server did not answer a question that was asked at `began`: nothing is asked for a while. The account
    /// comes back later than the others, for it may be the only one that gets no answer.
    pub(super) fn unanswered(
        &mut self,
        account: AccountToken,
        (began, now): (Instant, Instant),
        rng: &mut impl Rng,
    ) {
        // Those that were asked about at the same time fail together, and are one failure.
        if self.pause.failures == 0 || began >= self.pause.began {
            self.pause.failures = self.pause.failures.saturating_add(1);
            self.pause.began = now;
            self.pause.until = now + self.backoff.delay(self.pause.failures, rng);
        }
        self.given_up(account, now, rng);
    }

    /// The question broke off. The account comes back later than the others, and holds up none of them.
    pub(super) fn given_up(&mut self, account: AccountToken, now: Instant, rng: &mut impl Rng) {
        self.wait(account, now + self.window + full_jitter(self.window, rng));
    }

    /// The first question about an account broke off, which is no turn of its own. One that is known here keeps its turn:
    /// that may be a gap's, or somebody may be asking in it.
    pub(super) fn first_given_up(&mut self, account: AccountToken, now: Instant, rng: &mut impl Rng) {
        if !self.accounts.contains_key(&account) {
            self.given_up(account, now, rng);
        }
    }

    /// There is nobody to ask about it any more, or no credential to do it with.
    pub(super) fn left(&mut self, account: AccountToken) {
        if let Some(Standing::Waiting(turn)) = self.accounts.remove(&account) {
            self.turns.remove(&(turn, account));
        }
    }

    /// Takes out those that wait and are not to be kept.
    pub(super) fn retain(&mut self, keep: impl Fn(AccountToken) -> bool) {
        self.accounts
            .retain(|account, standing| matches!(standing, Standing::Asking { .. }) || keep(*account));
        let accounts = &self.accounts;
        self.turns.retain(|(_, account)| accounts.contains_key(account));
    }

    /// How many accounts there are.
    pub(super) fn len(&self) -> usize {
        self.accounts.len()
    }

    fn wait_for_next(&mut self, account: AccountToken, now: Instant, rng: &mut impl Rng) {
        match self.every {
            Some(every) => self.wait(account, now + every.mul_f64(rng.random_range(0.8..=1.2))),
            None => self.left(account),
        }
    }

    fn wait(&mut self, account: AccountToken, turn: Instant) {
        if let Some(Standing::Waiting(before)) = self.accounts.insert(account, Standing::Waiting(turn)) {
            self.turns.remove(&(before, account));
        }
        self.turns.insert((turn, account));
    }
}

#[cfg(test)]
mod tests;
