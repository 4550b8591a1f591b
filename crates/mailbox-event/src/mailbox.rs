//! Mailboxes: their ids, names and types.

use serde::{Deserialize, Serialize};

use crate::{Account, UidValidity};

/// The server's own unique id of a mailbox; it survives a rename.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MailboxId(pub String);

/// Whose mailbox it is and how the folders lead to it, in Unicode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxName {
    /// The owner; `None` in the shared namespace, or where the server did not tell.
    pub owner: Option<Account>,
    /// The folders below the owner's INBOX (or the shared root): empty for INBOX itself.
    pub path: Vec<String>,
}

impl MailboxName {
    /// Whether this is the INBOX of its owner.
    pub fn is_inbox(&self) -> bool {
        self.owner.is_some() && self.path.is_empty()
    }
}

/// What a mailbox holds: the first letter of `vnd.cmu.mbtype`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailboxType {
    /// `e`, or empty in old servers.
    #[default]
    Mail,
    /// `c`
    Calendar,
    /// `a`
    AddressBook,
    /// `b`: DAV collections that are no calendar (attachments, drive).
    Collection,
    /// `s`
    Submission,
    /// `f`
    Sieve,
    /// `p`
    PushSubscription,
    /// `j`
    JmapNotification,
    /// `n`
    Notes,
    /// A letter we do not know.
    Other(char),
}

/// A mailbox as a notification names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// The unique id, where the notification carries one.
    pub id: Option<MailboxId>,
    /// Owner and path.
    pub name: MailboxName,
    /// What it holds.
    pub holds: MailboxType,
    /// UIDVALIDITY of this mailbox.
    pub uid_validity: Option<UidValidity>,
}
