//! Modification sequences and the counters of an account.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A modification sequence (RFC 7162): it only rises while an account lives. 0 is "nothing yet".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Modseq(pub u64);

impl fmt::Display for Modseq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// UIDVALIDITY (RFC 9051 §2.3.1.1). Among the counters: the highest one of the account's folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UidValidity(pub u32);

/// `vnd.fastmail.counters`: the modseqs of the owner of a mailbox at one moment.
///
/// A server without conversations sends zeros: that is *unknown*, and is `None` where this type is optional.
/// The seed's form has 6 numbers and Cyrus 3.6's has 13; what a form lacks is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counters {
    /// The version of the form (9 in Cyrus 3.6).
    pub version: u32,
    /// The highest modseq of all.
    pub highest: Modseq,
    /// Mail: the state of Email, Mailbox and Thread.
    pub mail: Modseq,
    /// CalDAV: the state of Calendar and CalendarEvent.
    pub calendar: Modseq,
    /// CardDAV: the state of AddressBook and ContactCard.
    pub contacts: Modseq,
    /// Notes.
    pub notes: Option<Modseq>,
    /// The highest folder modseqs: mail, calendar, contacts, notes.
    pub folders: Option<[Modseq; 4]>,
    /// Quota.
    pub quota: Option<Modseq>,
    /// The reverse ACL index.
    pub racl: Option<Modseq>,
    /// Rises with every folder created, and is no epoch by itself.
    pub uid_validity: UidValidity,
}
