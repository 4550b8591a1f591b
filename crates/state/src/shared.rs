//! Mailboxes that others can see.

use std::collections::BTreeMap;

use mailbox_event::{Acl, MailboxId, MailboxName, Modseq};
use serde::{Deserialize, Serialize};

use crate::{
    Vector,
    observation::{MailboxNote, Sharing},
};

/// How many mailboxes are remembered as shared, or as no longer shared, in an account's STATE.
///
/// An entry is some 300 octets, and a broker takes values of 1 MB. Beyond it go first those that are no longer
/// shared, then the one that changed longest ago: its sharees hear of it again at its next change.
pub const MOST_SHARED: usize = 512;

/// A mailbox that is shared, at its last change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedMailbox {
    /// Owner and path.
    pub name: MailboxName,
    /// Who may do what.
    pub acl: Acl,
    /// The counters of what it holds, as the notifications *of this mailbox* told them. The owner's vector also
    /// moves with private changes, of which a sharee must not learn.
    pub vector: Vector,
    /// The highest modseq among the account's counters when `name` and `acl` were so; with change numbers, the
    /// time in milliseconds.
    pub changed: Modseq,
    /// Nobody but the owner can see it any more. Remembered, so that a late notification shares nothing again.
    #[serde(default)]
    ended: bool,
}

/// The shared mailboxes of an account.
///
/// Of two tellings of the same mailbox the later one holds, by `changed`; the vectors are merged by maximum.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SharedMailboxes(BTreeMap<MailboxId, SharedMailbox>);

impl SharedMailboxes {
    /// Every mailbox that others can see, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&MailboxId, &SharedMailbox)> {
        self.0.iter().filter(|(_, entry)| !entry.ended)
    }

    /// Takes what a notification says: `told` are its modseqs, `changed` is when. Says whether anything moved.
    pub(crate) fn observe(&mut self, note: &MailboxNote, told: &Vector, changed: Modseq) -> bool {
        match &note.sharing {
            Sharing::Unsaid => false,
            Sharing::Shared(acl) => {
                let vector = told.only(&note.counters);
                let (name, acl) = (note.name.clone(), acl.clone());
                self.put(&note.id, SharedMailbox { name, acl, vector, changed, ended: false })
            }
            // Most mailboxes are never shared. They tell so at each change and need no entry.
            Sharing::Private if !self.0.contains_key(&note.id) => false,
            Sharing::Private | Sharing::Withdrawn => self.put(&note.id, SharedMailbox::ended(note, changed)),
            // The counters that come with a deletion are from before it, but nothing told of this mailbox is later.
            Sharing::Deleted => self.put(&note.id, SharedMailbox::ended(note, Modseq(u64::MAX))),
        }
    }

    /// Commutative, associative and idempotent as long as the bound is not reached.
    pub(crate) fn join(&mut self, other: &Self) -> bool {
        other.0.iter().fold(false, |moved, (id, entry)| self.put(id, entry.clone()) || moved)
    }

    /// The same mailboxes with nothing known of their numbers: those of another basis cannot be compared.
    pub(crate) fn without_numbers(&self) -> Self {
        let unnumbered = self.iter().map(|(id, entry)| {
            (id.clone(), SharedMailbox { vector: Vector::default(), changed: Modseq(0), ..entry.clone() })
        });
        Self(unnumbered.collect())
    }

    fn put(&mut self, id: &MailboxId, entry: SharedMailbox) -> bool {
        match self.0.get_mut(id) {
            Some(known) => known.join(entry),
            None => {
                self.0.insert(id.clone(), entry);
                self.keep_bound();
                self.0.contains_key(id)
            }
        }
    }

    fn keep_bound(&mut self) {
        if self.0.len() > MOST_SHARED {
            let least = self.0.iter().min_by_key(|(id, entry)| (!entry.ended, entry.changed, *id));
            if let Some(id) = least.map(|(id, _)| id.clone()) {
                self.0.remove(&id);
            }
        }
    }
}

impl SharedMailbox {
    fn ended(note: &MailboxNote, changed: Modseq) -> Self {
        let (name, acl) = (MailboxName { owner: note.name.owner.clone(), path: Vec::new() }, Acl::default());
        Self { name, acl, vector: Vector::default(), changed, ended: true }
    }

    fn join(&mut self, other: Self) -> bool {
        let mut vector = self.vector;
        let advanced = vector.join(&other.vector);
        let replaced = other.rank() > self.rank();
        if replaced {
            *self = other;
        }
        self.vector = vector;
        advanced || replaced
    }

    /// Which of two tellings holds: the later one. Of two from the same moment the one that shares nothing, and then
    /// any, so long as everybody takes the same.
    fn rank(&self) -> impl Ord {
        let acl =
            self.acl.0.iter().map(|entry| (entry.identifier.clone(), entry.negative, entry.rights.0.clone()));
        (self.changed, self.ended, self.name.path.clone(), acl.collect::<Vec<_>>())
    }
}
