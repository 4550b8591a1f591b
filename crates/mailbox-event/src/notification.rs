//! What a mail server tells: one type per class of notification.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Account, Acl, CalendarAlarm, Counters, Envelope, Mailbox, Modseq, Rights};

/// A notification of the mail server, decoded. Nothing a server may say is an error here: what we do not know is
/// kept in [`Notification::Other`] and in the `extra` fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notification {
    /// Something changed in a mailbox.
    Mailbox(Box<MailboxChange>),
    /// A calendar alarm goes off.
    Alarm(Box<CalendarAlarm>),
    /// A Sieve script notifies (RFC 5435).
    Sieve(Box<SieveNotification>),
    /// Class MAIL: a short text about a delivered message.
    NewMail(NewMailNotice),
    /// Class IMIP: a scheduling message was processed.
    Scheduling(SchedulingMessage),
    /// A device registers for Apple's push.
    Device(DeviceRegistration),
    /// Delayed messages went back to being drafts.
    Unscheduled(Unscheduled),
    /// Logins, logouts, and everything that we have no word for.
    Other(OtherNotification),
}

/// What happened to a mailbox or to messages in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are those of RFC 5423 and of Cyrus' own events")]
pub enum ChangeKind {
    MessageNew,
    MessageAppend,
    MessageExpunge,
    MessageExpire,
    MessageCopy,
    MessageMove,
    MessageRead,
    MessageTrash,
    FlagsSet,
    FlagsClear,
    MailboxCreate,
    MailboxDelete,
    MailboxRename,
    MailboxModseq,
    MailboxSubscribe,
    MailboxUnsubscribe,
    AclChange,
    QuotaExceed,
    QuotaWithin,
    QuotaChange,
}

/// A change in a mailbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MailboxChange {
    /// What happened.
    pub kind: ChangeKind,
    /// Where.
    pub mailbox: Mailbox,
    /// Where it was before: copies, moves and renames.
    pub from: Option<Mailbox>,
    /// Who did it; `None` where the server does not say (MailboxModseq).
    pub actor: Option<Account>,
    /// The owner's counters, *some of them from before this change*; `None` = unknown.
    pub counters: Option<Counters>,
    /// jmapStates as they came, for the types the counters lack. Never use its Mailbox and Calendar keys.
    pub jmap_states: BTreeMap<String, Modseq>,
    /// Who may do what with the mailbox.
    pub acl: Option<Acl>,
    /// AclChange: whose rights changed, and to what (`None` = taken away).
    pub acl_change: Option<(String, Option<Rights>)>,
    /// What is said of the messages.
    pub messages: MessageFacts,
    /// The daemon that did it: imap, lmtp, http, ...
    pub service: Option<String>,
    /// When, as the server wrote it (ISO 8601).
    pub timestamp: Option<String>,
    /// The server's name.
    pub server: Option<String>,
    /// The session that did it.
    pub session: Option<String>,
    /// The id that the acting client gave itself.
    pub client: Option<String>,
    /// Keys that have no field here, as they came.
    pub extra: BTreeMap<String, Value>,
}

/// What a change says about messages; everything is optional by the server's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MessageFacts {
    /// UID of the one message concerned.
    pub uid: Option<u32>,
    /// UIDs concerned, as a sequence set.
    pub uid_set: Option<String>,
    /// UIDs in the mailbox they came from.
    pub old_uid_set: Option<String>,
    /// Modseq of the one message concerned.
    pub modseq: Option<Modseq>,
    /// Message-IDs.
    pub message_ids: Vec<String>,
    /// Flags set or cleared, or those of a new message.
    pub flags: Vec<String>,
    /// Size of the new message in octets.
    pub size: Option<u64>,
    /// Messages in the mailbox afterwards.
    pub exists: Option<u32>,
    /// Unread messages in the mailbox afterwards.
    pub unseen: Option<u32>,
    /// Conversations in the mailbox.
    pub conversations: Option<u32>,
    /// Unread conversations in the mailbox.
    pub unseen_conversations: Option<u32>,
    /// The next UID.
    pub uid_next: Option<u32>,
    /// The new message's envelope.
    pub envelope: Option<Envelope>,
    /// Conversation id, hexadecimal.
    pub conversation: Option<String>,
    /// JMAP's id of the message.
    pub email_id: Option<String>,
    /// JMAP's id of the thread.
    pub thread_id: Option<String>,
    /// DAV file name and UID of a calendar or contacts resource.
    pub dav_filename: Option<String>,
    /// See `dav_filename`.
    pub dav_uid: Option<String>,
}

/// Class SIEVE: a script's `notify` action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SieveNotification {
    /// Whose script.
    pub account: Account,
    /// The method as it came: `mailto`, a whole `sms:` or `https:` URI, `sms` of the old form, or the server's own.
    pub method: String,
    /// low, normal or high.
    pub priority: String,
    /// The options as they came; for `mailto` the first is the address with its `?` part.
    pub options: Vec<String>,
    /// The text, without Cyrus' trailing list of actions.
    pub text: String,
    /// The message itself, where relay could read it before it was gone.
    #[serde(default, with = "serde_bytes")]
    pub message: Option<Vec<u8>>,
}

/// Class MAIL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMailNotice {
    /// Whose mailbox.
    pub account: Account,
    /// The folder, as the server said it.
    pub mailbox: String,
    /// From, Subject and To as lines.
    pub text: String,
}

/// Class IMIP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SchedulingMessage {
    /// Whose calendar, where it is said.
    pub account: Option<Account>,
    /// The JSON as it came.
    pub fields: BTreeMap<String, Value>,
}

/// ApplePushService and ApplePushServiceDAV.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviceRegistration {
    /// Who registers.
    pub account: Account,
    /// True for calendars and address books.
    pub dav: bool,
    /// The JSON as it came, without `event`, `user` and `pid`.
    pub fields: BTreeMap<String, Value>,
}

/// MessagesUnscheduled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unscheduled {
    /// Whose messages.
    pub account: Account,
    /// How many.
    pub count: u64,
}

/// What we have no type for; counted and passed on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OtherNotification {
    /// The class on the socket.
    pub class: String,
    /// The event's name, for class EVENT.
    pub name: Option<String>,
    /// The JSON as it came.
    pub fields: BTreeMap<String, Value>,
}
