//! The STATE value of an account.

use std::cmp::Ordering;

use mailbox_event::{Account, Modseq, UidValidity, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::{
    Counter, Life, Observation, SharedMailboxes, Vector,
    life::{Signs, Verdict},
    observation::Numbers,
};

/// Numbers of two epochs cannot be compared; the higher epoch holds.
///
/// It is the uidvalidity of the account when its life was first seen, or one more than the epoch before where that
/// is no higher. 0: no notification was seen; the numbers, if any, are what the mail server answered a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u32);

/// What the numbers of a vector are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Numbers of ours that only rise: the server sends no counters. Degraded: they equal no state of the server's.
    ChangeNumbers,
    /// The server's counters: they equal what `Foo/get` answers.
    #[default]
    Counters,
}

/// What is known of an account: the STATE value on the bus, in the form of `mailbox_event::codec`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountState {
    /// Whose.
    pub account: Account,
    /// What the numbers can be compared with.
    pub epoch: Epoch,
    /// What the numbers are.
    pub basis: Basis,
    /// What tells this life of the account from others.
    pub life: Life,
    /// The numbers.
    pub vector: Vector,
    /// What sharees are judged by.
    #[serde(default)]
    pub shared: SharedMailboxes,
}

/// What a merge did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a changed state must be stored"]
pub enum Merged {
    /// Nothing at all.
    Unchanged,
    /// The vector or a shared mailbox moved.
    Advanced,
    /// The numbers were replaced: another life of the account, or another basis.
    NewEpoch,
    /// Something is remembered that no client can see. To be stored all the same.
    Noted,
    /// It spoke of an earlier life of the account and was ignored.
    OlderLife,
    /// It spoke of another account and was ignored.
    OtherAccount,
}

impl Merged {
    /// Whether the state is another now and must be stored.
    pub fn is_change(self) -> bool {
        matches!(self, Self::Advanced | Self::NewEpoch | Self::Noted)
    }
}

impl AccountState {
    /// An account of which nothing is known.
    pub fn new(account: Account) -> Self {
        Self {
            account,
            epoch: Epoch::default(),
            basis: Basis::default(),
            life: Life::default(),
            vector: Vector::default(),
            shared: SharedMailboxes::default(),
        }
    }

    /// The modseq that clients are told. Once the server's counters were seen, mail, calendar and contacts are known
    /// even where they are 0: nothing was ever put there.
    pub fn modseq(&self, counter: Counter) -> Option<Modseq> {
        let always = matches!(counter, Counter::Mail | Counter::Calendar | Counter::Contacts);
        self.vector.get(counter).or_else(|| (always && self.life.has_counters()).then_some(Modseq(0)))
    }

    /// Merges what one notification says. Within a life, notifications may come in any order and any number of
    /// times; see [`Life`] for what happens when the account is created again.
    pub fn merge(&mut self, observation: &Observation) -> Merged {
        if observation.account != self.account {
            return Merged::OtherAccount;
        }
        let before = self.summary();
        let outcome = match &observation.numbers {
            Numbers::Counters { signs, vector } => self.merge_counters(signs, vector, observation),
            Numbers::Unknown { inbox, taken_at, .. } if self.life.has_counters() => {
                self.merge_uncounted(*inbox, *taken_at, observation)
            }
            Numbers::Unknown { moved, taken_at, .. } => self.count_change(moved, *taken_at, observation),
            Numbers::Upstream(vector) => self.merge_upstream(vector),
        };
        outcome.map_or(Merged::OlderLife, |shared_moved| self.compared_with(&before, shared_moved))
    }

    /// Merges another value of the same account: the loser of a compare-and-set, or what another node stored.
    ///
    /// The higher epoch holds as a whole; within an epoch the greater of each pair. Commutative, associative and
    /// idempotent.
    pub fn join(&mut self, other: &Self) -> Merged {
        if other.account != self.account {
            return Merged::OtherAccount;
        }
        let before = self.summary();
        let shared_moved = match (other.epoch, other.basis).cmp(&(self.epoch, self.basis)) {
            Ordering::Less => return Merged::OlderLife,
            Ordering::Greater => {
                *self = other.clone();
                true
            }
            Ordering::Equal => {
                self.life.join(&other.life);
                self.vector.join(&other.vector);
                self.shared.join(&other.shared)
            }
        };
        self.compared_with(&before, shared_moved)
    }

    /// `None`: an earlier life; else whether a shared mailbox moved. So do the others below.
    fn merge_counters(&mut self, signs: &Signs, vector: &Vector, observation: &Observation) -> Option<bool> {
        match self.life.judge(signs) {
            Verdict::Earlier => return None,
            Verdict::Later => {
                self.begin_epoch(Basis::Counters, signs.uid_validity);
                self.shared = SharedMailboxes::default();
                self.life = self.life.next(signs);
            }
            Verdict::Present if self.basis == Basis::ChangeNumbers => {
                self.begin_epoch(Basis::Counters, signs.uid_validity);
                self.shared = self.shared.without_numbers();
            }
            Verdict::Present if self.is_unknown() => self.begin_epoch(Basis::Counters, signs.uid_validity),
            Verdict::Present => {}
        }
        self.life.reach(signs);
        self.vector.join(vector);
        if observation.ends_life {
            self.life.note_deletion(signs.taken_at);
        }
        Some(self.observe_shared(observation, vector, signs.highest))
    }

    /// A notification without counters for an account that has some: it tells of no number.
    fn merge_uncounted(
        &mut self,
        inbox: Option<UidValidity>,
        taken_at: UnixMillis,
        observation: &Observation,
    ) -> Option<bool> {
        match self.life.judge_uncounted(inbox, taken_at) {
            Verdict::Earlier => return None,
            Verdict::Present if observation.ends_life => self.life.note_deletion(taken_at),
            // A later life has no numbers yet: it begins with its counters.
            Verdict::Present | Verdict::Later => {}
        }
        Some(false)
    }

    /// Without any counters we count ourselves. Time keeps the numbers rising when STATE was lost.
    fn count_change(
        &mut self,
        moved: &[Counter],
        taken_at: UnixMillis,
        observation: &Observation,
    ) -> Option<bool> {
        if moved.is_empty() {
            return Some(false);
        }
        if self.basis == Basis::Counters {
            self.begin_epoch(Basis::ChangeNumbers, UidValidity(0));
        }
        let mut told = Vector::default();
        for &counter in moved {
            let next = self.vector.get(counter).unwrap_or_default().0.saturating_add(1).max(taken_at.0);
            self.vector.raise(counter, Modseq(next));
            told.raise(counter, Modseq(next));
        }
        Some(self.observe_shared(observation, &told, Modseq(taken_at.0)))
    }

    /// States of the server's cannot be mixed with numbers of ours: notifications would fall behind them.
    fn merge_upstream(&mut self, vector: &Vector) -> Option<bool> {
        if self.basis == Basis::Counters {
            self.vector.join(vector);
        }
        Some(false)
    }

    fn observe_shared(&mut self, observation: &Observation, told: &Vector, changed: Modseq) -> bool {
        observation.mailbox.as_ref().is_some_and(|note| self.shared.observe(note, told, changed))
    }

    fn is_unknown(&self) -> bool {
        self.epoch == Epoch::default() && self.vector.is_unknown()
    }

    fn begin_epoch(&mut self, basis: Basis, uid_validity: UidValidity) {
        self.epoch = Epoch(uid_validity.0.max(self.epoch.0.saturating_add(1)));
        self.basis = basis;
        self.vector = Vector::default();
    }

    fn summary(&self) -> Summary {
        Summary { was_unknown: self.is_unknown(), epoch: self.epoch, life: self.life, vector: self.vector }
    }

    fn compared_with(&self, before: &Summary, shared_moved: bool) -> Merged {
        if self.epoch != before.epoch && !before.was_unknown {
            Merged::NewEpoch
        } else if self.vector != before.vector || shared_moved {
            Merged::Advanced
        } else if self.life != before.life || self.epoch != before.epoch {
            Merged::Noted
        } else {
            Merged::Unchanged
        }
    }
}

/// What can be copied of a state at no cost, to see what a merge did.
struct Summary {
    was_unknown: bool,
    epoch: Epoch,
    life: Life,
    vector: Vector,
}

#[cfg(test)]
mod tests;
