//! The three parts of an account that the demo moves.

use mailbox_event::{Counters, Modseq};

/// What moves with a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The inbox.
    Mail,
    /// The calendar `Default`.
    Calendar,
    /// The address book `Default`.
    Contacts,
}

impl Part {
    /// `vnd.cmu.mbtype` of its mailboxes.
    pub const fn mailbox_type(self) -> &'static str {
        match self {
            Self::Mail => "e",
            Self::Calendar => "c",
            Self::Contacts => "a",
        }
    }

    /// The counters after one more change in this part.
    pub fn moved(self, before: &Counters) -> Counters {
        let modseq = Modseq(before.highest.0 + 1);
        let mut after = Counters { highest: modseq, ..before.clone() };
        match self {
            Self::Mail => after.mail = modseq,
            Self::Calendar => after.calendar = modseq,
            Self::Contacts => after.contacts = modseq,
        }
        after
    }
}
