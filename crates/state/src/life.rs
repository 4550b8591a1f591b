//! Lives: an account that was deleted and created again counts from the beginning.

use std::cmp::Ordering;

use mailbox_event::{Modseq, UidValidity, UnixMillis};
use serde::{Deserialize, Serialize};

/// What is known of the present life of an account, to tell its notifications from those of another life.
///
/// **INBOX tells.** Cyrus remembers the names of deleted mailboxes, so the UIDVALIDITY of INBOX itself rises with
/// each life, even within one second, and stays while the life lasts. A notification about INBOX therefore says which
/// life it speaks of: a higher UIDVALIDITY is a later life, a lower one an earlier. A life begins with the creation
/// of INBOX, so it shows itself at once.
///
/// **Counters tell less.** Where the notification is about another folder, or INBOX was not heard of: within one life
/// the uidvalidity and the highest modseq among the counters both only rise, so
///
/// - uidvalidity up and highest down is a later life;
/// - uidvalidity down and highest up is an earlier one.
///
/// That the uidvalidity among the counters went down says nothing by itself: it is the highest of all folders, each
/// takes one more than the last, and so it runs ahead of the clock that a later life starts from.
///
/// **A noted deletion.** For a server that does not tell the UIDVALIDITY of INBOX: when the deletion of INBOX was
/// notified, whatever was *taken later* and has lower counters, or a higher uidvalidity, is the next life. Until then
/// the old one goes on: Cyrus tells of the deletion with counters from before it, and then of each other folder. Where
/// INBOX tells, this is not needed, and a process that tells late of another folder cannot deceive.
///
/// **Replays.** A life that counts beyond the one before it would swallow late notifications of that one. Therefore
/// the end of the life before is remembered: the UIDVALIDITY of its INBOX; its last uidvalidity, if the present life
/// showed itself above it; and the time at which the present life showed itself, if it did so by INBOX or after a noted
/// deletion. A spool keeps the time at which relay took a notification, so a replay of the old life is always from
/// before that.
///
/// What this cannot see: a life that told nothing of INBOX before it counted beyond the one before it, or whose INBOX
/// was first heard of when the life before had told nothing of its own. It is taken for the same life, and each number
/// moves again when it passes the old value. Likewise what is told late, of another folder than INBOX, of an earlier
/// life that was never heard of before: its counters are taken for old ones of this life, and may lift those that this
/// life has not yet used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Life {
    /// The highest uidvalidity seen; 0 while no counters were.
    pub uid_validity: UidValidity,
    /// The highest modseq seen *among the counters*. A message's own modseq stays out: it is ahead of the counters
    /// that come with it, and a folder created in between would look like another life.
    pub highest: Modseq,
    /// UIDVALIDITY of INBOX; 0: not heard of.
    inbox: UidValidity,
    /// UIDVALIDITY of the INBOX of the life before; 0: none, or not heard of.
    inbox_before: UidValidity,
    /// The life before had reached this uidvalidity; 0: there was none, or it does not tell.
    uid_validity_before: UidValidity,
    /// Whatever was taken until then is of the life before.
    over_until: UnixMillis,
    /// When the deletion of INBOX was taken; 0: it was not.
    deleted: UnixMillis,
}

/// What one notification says of the life it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signs {
    pub(crate) uid_validity: UidValidity,
    pub(crate) highest: Modseq,
    /// UIDVALIDITY of INBOX, where the notification is about it.
    pub(crate) inbox: Option<UidValidity>,
    pub(crate) taken_at: UnixMillis,
}

/// Which life a notification speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Earlier,
    Present,
    Later,
}

impl Life {
    /// Whether any counters of the server were seen.
    pub fn has_counters(&self) -> bool {
        self.uid_validity.0 != 0 || self.highest.0 != 0
    }

    /// Which life a notification with counters speaks of.
    pub(crate) fn judge(&self, signs: &Signs) -> Verdict {
        if !self.has_counters() {
            return Verdict::Present;
        }
        self.judge_by_inbox(signs.inbox).unwrap_or_else(|| self.judge_by_counters(signs))
    }

    /// Which life a notification without counters speaks of.
    pub(crate) fn judge_uncounted(&self, inbox: Option<UidValidity>, taken_at: UnixMillis) -> Verdict {
        let by_time = || if self.is_over(taken_at) { Verdict::Earlier } else { Verdict::Present };
        self.judge_by_inbox(inbox).unwrap_or_else(by_time)
    }

    fn judge_by_inbox(&self, inbox: Option<UidValidity>) -> Option<Verdict> {
        let inbox = inbox?;
        if inbox <= self.inbox_before {
            return Some(Verdict::Earlier);
        }
        // One whose INBOX was not heard of is judged by its counters, and then takes this for its INBOX.
        let known = Some(self.inbox).filter(|known| known.0 != 0)?;
        Some(match inbox.cmp(&known) {
            Ordering::Less => Verdict::Earlier,
            Ordering::Equal => Verdict::Present,
            Ordering::Greater => Verdict::Later,
        })
    }

    fn judge_by_counters(&self, signs: &Signs) -> Verdict {
        if signs.uid_validity <= self.uid_validity_before || self.is_over(signs.taken_at) {
            return Verdict::Earlier;
        }
        let uid_validity = signs.uid_validity.cmp(&self.uid_validity);
        let may_be_next = self.inbox.0 == 0 && self.was_deleted_before(signs.taken_at);
        match (uid_validity, signs.highest.cmp(&self.highest)) {
            (Ordering::Greater, Ordering::Less) => Verdict::Later,
            (Ordering::Greater, _) | (_, Ordering::Less) if may_be_next => Verdict::Later,
            (Ordering::Less, Ordering::Greater) => Verdict::Earlier,
            _ => Verdict::Present,
        }
    }

    fn is_over(&self, taken_at: UnixMillis) -> bool {
        self.over_until.0 != 0 && taken_at <= self.over_until
    }

    fn was_deleted_before(&self, taken_at: UnixMillis) -> bool {
        self.deleted.0 != 0 && taken_at > self.deleted
    }

    /// Takes the greater of each pair.
    pub(crate) fn reach(&mut self, signs: &Signs) {
        self.uid_validity = self.uid_validity.max(signs.uid_validity);
        self.highest = self.highest.max(signs.highest);
        self.inbox = self.inbox.max(signs.inbox.unwrap_or_default());
    }

    /// Notes that INBOX was deleted.
    pub(crate) fn note_deletion(&mut self, taken_at: UnixMillis) {
        self.deleted = self.deleted.max(taken_at);
    }

    /// The life that shows itself by `signs`.
    pub(crate) fn next(&self, signs: &Signs) -> Self {
        // Where it is not, INBOX or the time told of the life, and the time tells of every life before it.
        let is_above = signs.uid_validity > self.uid_validity;
        let time_tells = signs.inbox.is_some() || self.was_deleted_before(signs.taken_at);
        let taken_before = UnixMillis(signs.taken_at.0.saturating_sub(1));
        Self {
            uid_validity: signs.uid_validity,
            highest: signs.highest,
            inbox: signs.inbox.unwrap_or_default(),
            inbox_before: self.inbox.max(self.inbox_before),
            uid_validity_before: if is_above { self.uid_validity } else { UidValidity(0) },
            over_until: if time_tells { taken_before.max(self.over_until) } else { self.over_until },
            deleted: UnixMillis(0),
        }
    }

    /// Takes the greater of each pair; both must speak of the same life.
    pub(crate) fn join(&mut self, other: &Self) {
        self.uid_validity = self.uid_validity.max(other.uid_validity);
        self.highest = self.highest.max(other.highest);
        self.inbox = self.inbox.max(other.inbox);
        self.inbox_before = self.inbox_before.max(other.inbox_before);
        self.uid_validity_before = self.uid_validity_before.max(other.uid_validity_before);
        self.over_until = self.over_until.max(other.over_until);
        self.deleted = self.deleted.max(other.deleted);
    }
}
