//! What one notification says of an account's state.

use mailbox_event::{
    Account, Acl, ChangeKind, Counters, MailboxChange, MailboxId, MailboxName, MailboxType, Modseq,
    UidValidity, UnixMillis,
};

use crate::{Counter, DataType, Vector, life::Signs};

/// What one notification, or one answer of the mail server, says of an account's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    pub(crate) account: Account,
    pub(crate) numbers: Numbers,
    /// The owner's INBOX was deleted: the next life may begin.
    pub(crate) ends_life: bool,
    pub(crate) mailbox: Option<MailboxNote>,
}

/// The numbers that came along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// The server's counters, with what else the notification says of modseqs.
    Counters { signs: Signs, vector: Vector },
    /// No counters: these moved, and that is all.
    Unknown { moved: Vec<Counter>, inbox: Option<UidValidity>, taken_at: UnixMillis },
    /// The server answered a client's question: modseqs without a uidvalidity.
    Upstream(Vector),
}

/// What became of the mailbox's sharing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MailboxNote {
    pub(crate) id: MailboxId,
    pub(crate) name: MailboxName,
    /// The counters that a sharee can see of it.
    pub(crate) counters: Vec<Counter>,
    pub(crate) sharing: Sharing,
}

/// Who can see a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// The notification does not say.
    Unsaid,
    /// Its owner only.
    Private,
    /// Its owner only, and the rights of others may just have been taken away.
    Withdrawn,
    /// Others too.
    Shared(Acl),
    /// Nobody ever again: the ids of mailboxes do not come back.
    Deleted,
}

impl Observation {
    /// What `change` says. `owner_id` is the server's own user id of the mailbox's owner (it stands in the ACL),
    /// `taken_at` when relay took the notification from the server.
    ///
    /// `None` where the mailbox has no owner (the shared namespace): its counters belong to nobody.
    pub fn of(change: &MailboxChange, owner_id: &str, taken_at: UnixMillis) -> Option<Self> {
        let account = change.mailbox.name.owner.clone()?;
        let is_inbox = change.mailbox.name.is_inbox();
        let inbox = change.mailbox.uid_validity.filter(|uid_validity| is_inbox && uid_validity.0 != 0);
        let numbers = match &change.counters {
            Some(counters) => {
                let (uid_validity, highest) = (counters.uid_validity, counters.highest);
                let signs = Signs { uid_validity, highest, inbox, taken_at };
                Numbers::Counters { signs, vector: vector(change, counters) }
            }
            None => Numbers::Unknown { moved: moved_by(change), inbox, taken_at },
        };
        let ends_life = change.kind == ChangeKind::MailboxDelete && is_inbox;
        Some(Self { account, numbers, ends_life, mailbox: mailbox_note(change, owner_id) })
    }

    /// What the mail server answered to `Foo/get` in the name of a client: the states of some types.
    pub fn of_upstream(account: Account, states: impl IntoIterator<Item = (DataType, Modseq)>) -> Self {
        let vector = states.into_iter().map(|(data_type, modseq)| (data_type.counter(), modseq)).collect();
        Self { account, numbers: Numbers::Upstream(vector), ends_life: false, mailbox: None }
    }

    /// Whose state it speaks of.
    pub fn account(&self) -> &Account {
        &self.account
    }
}

/// jmapStates keys whose values are states. Its Mailbox and Calendar are modseqs of folders and equal no state.
const JMAP_STATES: [(&str, Counter); 5] = [
    ("Email", Counter::Mail),
    ("Note", Counter::Notes),
    ("EmailSubmission", Counter::Submission),
    ("SieveScript", Counter::Sieve),
    ("Quota", Counter::Quota),
];

/// Everything that a notification with counters says of modseqs.
fn vector(change: &MailboxChange, counters: &Counters) -> Vector {
    let mut vector: Vector = [
        (Counter::Mail, counters.mail),
        (Counter::Calendar, counters.calendar),
        (Counter::Contacts, counters.contacts),
        (Counter::Notes, counters.notes.unwrap_or_default()),
        (Counter::Quota, counters.quota.unwrap_or_default()),
    ]
    .into_iter()
    .collect();
    for (key, counter) in JMAP_STATES {
        vector.raise(counter, change.jmap_states.get(key).copied().unwrap_or_default());
    }
    if let Some((counter, modseq)) = own_modseq(change) {
        vector.raise(counter, modseq);
    }
    if is_delivery(change) {
        vector.raise(Counter::Delivery, vector.get(Counter::Mail).unwrap_or_default());
    }
    vector
}

/// The modseq of the change itself. `MessageNew` and its like come with counters from *before* the change.
fn own_modseq(change: &MailboxChange) -> Option<(Counter, Modseq)> {
    let counter = match change.mailbox.holds {
        MailboxType::Mail => Counter::Mail,
        MailboxType::Calendar => Counter::Calendar,
        MailboxType::AddressBook => Counter::Contacts,
        MailboxType::Notes => Counter::Notes,
        // Their states are not known to be the modseqs of their messages.
        MailboxType::Collection
        | MailboxType::Submission
        | MailboxType::Sieve
        | MailboxType::PushSubscription
        | MailboxType::JmapNotification
        | MailboxType::Other(_) => return None,
    };
    let says_its_own = match change.kind {
        ChangeKind::MessageNew
        | ChangeKind::MessageAppend
        | ChangeKind::MessageExpunge
        | ChangeKind::MessageCopy
        | ChangeKind::MessageMove
        | ChangeKind::MessageRead
        | ChangeKind::MessageTrash
        | ChangeKind::FlagsSet
        | ChangeKind::FlagsClear => true,
        // Expiry clears away messages that were expunged long ago, under their old modseqs.
        ChangeKind::MessageExpire
        | ChangeKind::MailboxCreate
        | ChangeKind::MailboxDelete
        | ChangeKind::MailboxRename
        | ChangeKind::MailboxModseq
        | ChangeKind::MailboxSubscribe
        | ChangeKind::MailboxUnsubscribe
        | ChangeKind::AclChange
        | ChangeKind::QuotaExceed
        | ChangeKind::QuotaWithin
        | ChangeKind::QuotaChange => false,
    };
    change.messages.modseq.filter(|_| says_its_own).map(|modseq| (counter, modseq))
}

/// The counters that a notification without counters moves.
fn moved_by(change: &MailboxChange) -> Vec<Counter> {
    match change.kind {
        ChangeKind::QuotaExceed | ChangeKind::QuotaWithin | ChangeKind::QuotaChange => vec![Counter::Quota],
        _ => visible_counters(change),
    }
}

/// The counters of what the mailbox holds, so far as the change may move them.
fn visible_counters(change: &MailboxChange) -> Vec<Counter> {
    let delivery = is_delivery(change).then_some(Counter::Delivery);
    Counter::of_mailbox(change.mailbox.holds).into_iter().chain(delivery).collect()
}

/// Whether a message came from outside (RFC 8621 §1.5): put there by LMTP, mail, and not into the spam folder.
///
/// The special use of a folder is not told, so the spam folder is known by its last name alone: Junk or Spam.
fn is_delivery(change: &MailboxChange) -> bool {
    let is_spam = change
        .mailbox
        .name
        .path
        .last()
        .is_some_and(|name| name.eq_ignore_ascii_case("Junk") || name.eq_ignore_ascii_case("Spam"));
    change.kind == ChangeKind::MessageNew
        && change.service.as_deref() == Some("lmtp")
        && change.mailbox.holds == MailboxType::Mail
        && !is_spam
}

fn mailbox_note(change: &MailboxChange, owner_id: &str) -> Option<MailboxNote> {
    let id = change.mailbox.id.clone()?;
    let shared = change.acl.as_ref().filter(|acl| is_visible_beyond(acl, owner_id));
    let sharing = match (change.kind, shared) {
        // Without others in the ACL it matters only if others could see the mailbox before.
        (ChangeKind::MailboxDelete, None) => Sharing::Private,
        (ChangeKind::MailboxDelete, Some(_)) => Sharing::Deleted,
        (_, Some(acl)) => Sharing::Shared(acl.clone()),
        (_, None) if change.acl.is_none() => Sharing::Unsaid,
        (ChangeKind::AclChange, None) => Sharing::Withdrawn,
        (_, None) => Sharing::Private,
    };
    let counters = visible_counters(change);
    Some(MailboxNote { id, name: change.mailbox.name.clone(), counters, sharing })
}

/// Whether anyone but the owner may look the mailbox up or read it (RFC 4314 §4: `l`, `r`). Every calendar of Cyrus
/// grants `9` (free and busy times) to anyone; that lets nobody see a change, and would fill each STATE.
fn is_visible_beyond(acl: &Acl, owner_id: &str) -> bool {
    acl.0.iter().any(|entry| {
        !entry.negative && entry.identifier != owner_id && (entry.rights.has('l') || entry.rights.has('r'))
    })
}
