//! The messages of the inbox.

use mailbox_event::{ChangeKind, Envelope, MailboxChange, MessageFacts};

use super::uid_set;

/// Most messages kept; the oldest go first. A visitor may press "New mail" for as long as they like.
const MOST_MESSAGES: usize = 200;

/// A message as its envelope and flags describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its UID in the inbox.
    pub uid: u32,
    /// Message-ID with its angle brackets; may be empty.
    pub message_id: String,
    /// The sender's name, or else address.
    pub from: String,
    /// The sender's address.
    pub address: String,
    /// The subject; may be empty.
    pub subject: String,
    /// The Date header as written.
    pub date: String,
    /// Without `\Seen`.
    pub unread: bool,
    /// With `\Flagged`.
    pub flagged: bool,
}

/// The inbox, oldest message first.
#[derive(Debug, Clone, Default)]
pub struct Inbox {
    messages: Vec<Message>,
    uid_next: u32,
}

impl Inbox {
    /// Oldest first.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// How many are unread.
    pub fn unread(&self) -> usize {
        self.messages.iter().filter(|message| message.unread).count()
    }

    /// The UID that the next message gets.
    pub fn uid_next(&self) -> u32 {
        self.uid_next.max(1)
    }

    pub(super) fn change(&mut self, change: &MailboxChange) {
        let facts = &change.messages;
        self.uid_next = self.uid_next.max(facts.uid_next.unwrap_or(0));
        match change.kind {
            ChangeKind::MessageNew | ChangeKind::MessageAppend => self.add(facts),
            ChangeKind::MessageExpunge | ChangeKind::MessageExpire => {
                let gone = facts.uid_set.as_deref().unwrap_or_default();
                self.messages.retain(|message| !uid_set::contains(gone, message.uid));
            }
            ChangeKind::MessageRead => self.each(facts, |message| message.unread = false),
            ChangeKind::FlagsSet => self.flags(facts, true),
            ChangeKind::FlagsClear => self.flags(facts, false),
            _ => {}
        }
    }

    fn add(&mut self, facts: &MessageFacts) {
        let (Some(uid), Some(envelope)) = (facts.uid, &facts.envelope) else { return };
        if self.messages.len() == MOST_MESSAGES {
            self.messages.remove(0);
        }
        self.messages.push(Message {
            unread: !has(facts, "\\Seen"),
            flagged: has(facts, "\\Flagged"),
            ..described(uid, envelope)
        });
        self.uid_next = self.uid_next.max(uid.saturating_add(1));
    }

    fn flags(&mut self, facts: &MessageFacts, set: bool) {
        if has(facts, "\\Flagged") {
            self.each(facts, |message| message.flagged = set);
        }
        if has(facts, "\\Seen") {
            self.each(facts, |message| message.unread = !set);
        }
    }

    fn each(&mut self, facts: &MessageFacts, act: impl Fn(&mut Message)) {
        let set = facts.uid_set.as_deref().unwrap_or_default();
        self.messages.iter_mut().filter(|message| uid_set::contains(set, message.uid)).for_each(act);
    }
}

fn has(facts: &MessageFacts, flag: &str) -> bool {
    facts.flags.iter().any(|name| name.eq_ignore_ascii_case(flag))
}

fn described(uid: u32, envelope: &Envelope) -> Message {
    let sender = envelope.from.first().cloned().unwrap_or_default();
    let address = format!(
        "{}@{}",
        sender.mailbox.as_deref().unwrap_or_default(),
        sender.host.as_deref().unwrap_or_default()
    );
    Message {
        uid,
        message_id: envelope.message_id.clone().unwrap_or_default(),
        from: sender.name.unwrap_or_else(|| address.clone()),
        address,
        subject: envelope.subject.clone().unwrap_or_default(),
        date: envelope.date.clone().unwrap_or_default(),
        unread: true,
        flagged: false,
    }
}
