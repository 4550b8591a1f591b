//! The vocabulary: accounts, mailboxes, modseqs, rights, envelopes and notifications, and their codec.
//!
//! Pure: no clock, no socket. Every other crate speaks in these words.

mod account;
mod acl;
mod alarm;
pub mod codec;
mod counters;
mod envelope;
mod event;
mod mailbox;
mod notification;
pub mod subject;

pub use account::{Account, InvalidAccount, Naming};
pub use acl::{Acl, AclEntry, Rights};
pub use alarm::{AlarmAction, Attendee, CalendarAlarm};
pub use counters::{Counters, Modseq, UidValidity};
pub use envelope::{Address, Envelope};
pub use event::{Event, EventId, RelayId, UnixMillis};
pub use mailbox::{Mailbox, MailboxId, MailboxName, MailboxType};
pub use notification::{
    ChangeKind, DeviceRegistration, MailboxChange, MessageFacts, NewMailNotice, Notification,
    OtherNotification, SchedulingMessage, SieveNotification, Unscheduled,
};
pub use subject::{AccountToken, AccountTokens, Shard};
