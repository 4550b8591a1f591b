//! The numbers that move.

use mailbox_event::MailboxType;
use serde::{Deserialize, Serialize};

/// One of the numbers of an account. The order is frozen: it is the order within a stored [`crate::Vector`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counter {
    /// Any change of mail: messages, flags, mailboxes.
    Mail,
    /// A message was delivered (RFC 8621 §1.5, EmailDelivery).
    Delivery,
    /// CalDAV.
    Calendar,
    /// CardDAV.
    Contacts,
    /// Notes.
    Notes,
    /// Messages to be sent.
    Submission,
    /// Sieve scripts.
    Sieve,
    /// Quota and its use.
    Quota,
}

impl Counter {
    /// How many there are.
    pub const COUNT: usize = 8;

    /// Every one, in the order of a vector.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Mail,
        Self::Delivery,
        Self::Calendar,
        Self::Contacts,
        Self::Notes,
        Self::Submission,
        Self::Sieve,
        Self::Quota,
    ];

    /// The counter that a change in such a mailbox moves; `None` where no data type of ours shows it.
    pub fn of_mailbox(holds: MailboxType) -> Option<Self> {
        match holds {
            MailboxType::Mail => Some(Self::Mail),
            // A real Cyrus counts attachments and the drive under CalDAV.
            MailboxType::Calendar | MailboxType::Collection => Some(Self::Calendar),
            MailboxType::AddressBook => Some(Self::Contacts),
            MailboxType::Notes => Some(Self::Notes),
            MailboxType::Submission => Some(Self::Submission),
            MailboxType::Sieve => Some(Self::Sieve),
            MailboxType::PushSubscription | MailboxType::JmapNotification | MailboxType::Other(_) => None,
        }
    }

    /// Its place in a vector.
    pub(crate) fn index(self) -> usize {
        self as usize
    }
}
