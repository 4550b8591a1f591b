//! Calendar entries and contacts: DAV resources, known by their UID.

use std::collections::BTreeMap;

use mailbox_event::{ChangeKind, MailboxChange, MessageFacts, Modseq};

use super::uid_set;

/// Most resources kept; further ones are not shown. The demo's own life needs eight.
const MOST_ENTRIES: usize = 100;

/// One calendar entry or contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// UID of the message that holds it; an update gives it another.
    pub uid: u32,
    /// SUMMARY of an event, FN of a contact: the server's envelope says it as the subject.
    pub title: String,
    /// When an event starts: the server's envelope says it as the date, RFC 5322.
    pub start: String,
    /// LOCATION, once an alarm has told it.
    pub location: String,
    /// Modseq of the last change.
    pub modseq: Modseq,
}

/// A calendar or an address book.
#[derive(Debug, Clone, Default)]
pub struct Collection {
    entries: BTreeMap<String, Entry>,
    uid_next: u32,
}

impl Collection {
    /// The entries with their own UIDs (iCalendar's, vCard's).
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(uid, entry)| (uid.as_str(), entry))
    }

    /// The UID that the next resource gets in the mailbox.
    pub fn uid_next(&self) -> u32 {
        self.uid_next.max(1)
    }

    pub(super) fn change(&mut self, change: &MailboxChange, modseq: Modseq) {
        let facts = &change.messages;
        self.uid_next = self.uid_next.max(facts.uid_next.unwrap_or(0));
        match change.kind {
            ChangeKind::MessageNew | ChangeKind::MessageAppend => self.put(facts, modseq),
            ChangeKind::MessageExpunge | ChangeKind::MessageExpire => {
                let gone = facts.uid_set.as_deref().unwrap_or_default();
                self.entries.retain(|_, entry| !uid_set::contains(gone, entry.uid));
            }
            _ => {}
        }
    }

    /// What an alarm tells of an entry.
    pub(super) fn place(&mut self, dav_uid: &str, location: &str) {
        if let Some(entry) = self.entries.get_mut(dav_uid) {
            location.clone_into(&mut entry.location);
        }
    }

    fn put(&mut self, facts: &MessageFacts, modseq: Modseq) {
        let (Some(uid), Some(dav_uid), Some(envelope)) = (facts.uid, &facts.dav_uid, &facts.envelope) else {
            return;
        };
        if self.entries.len() == MOST_ENTRIES && !self.entries.contains_key(dav_uid) {
            return;
        }
        let location = self.entries.get(dav_uid).map(|entry| entry.location.clone()).unwrap_or_default();
        let title = envelope.subject.clone().unwrap_or_default();
        let start = envelope.date.clone().unwrap_or_default();
        self.entries.insert(dav_uid.clone(), Entry { uid, title, start, location, modseq });
        self.uid_next = self.uid_next.max(uid.saturating_add(1));
    }
}
