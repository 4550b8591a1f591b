//! What a mail server would hold for the demo's user, folded from notifications.
//!
//! The page asks for it as a mail client asks its server after a state change. Nothing but notifications ever
//! changes it, so that what the page shows can only be what relay was told.

mod collection;
mod inbox;
mod snapshot;
mod uid_set;

use std::collections::BTreeMap;

use mailbox_event::{
    CalendarAlarm, ChangeKind, Counters, MailboxChange, MailboxType, Modseq, Notification, UnixMillis,
};

pub use collection::{Collection, Entry};
pub use inbox::{Inbox, Message};

/// Most mail folders beside the inbox; the demo's own life needs three.
const MOST_FOLDERS: usize = 50;

/// A folder beside the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Folder {
    /// Messages in it.
    pub messages: u32,
    /// Unread ones.
    pub unread: u32,
}

/// One account's mail, calendar and contacts.
#[derive(Debug, Clone, Default)]
pub struct World {
    counters: Counters,
    changes: u64,
    changed_at: UnixMillis,
    inbox: Inbox,
    folders: BTreeMap<String, Folder>,
    calendar: Collection,
    contacts: Collection,
}

impl World {
    /// Takes in one notification that was sent at `at`.
    pub fn apply(&mut self, notification: &Notification, at: UnixMillis) {
        match notification {
            Notification::Mailbox(change) => self.change(change, at),
            Notification::Alarm(alarm) => self.alarm(alarm),
            _ => {}
        }
    }

    /// The highest counters seen.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Changes that a user would call one: a delivery, not the `MailboxModseq` beside it.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The inbox.
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// The calendar's entries.
    pub fn calendar(&self) -> &Collection {
        &self.calendar
    }

    /// The address book's entries.
    pub fn contacts(&self) -> &Collection {
        &self.contacts
    }

    fn change(&mut self, change: &MailboxChange, at: UnixMillis) {
        if let Some(counters) = &change.counters {
            raise(&mut self.counters, counters);
        }
        if change.kind == ChangeKind::MailboxModseq {
            return;
        }
        self.changes += 1;
        self.changed_at = at;
        let modseq = change.messages.modseq.unwrap_or(self.counters.highest);
        self.counters.highest = self.counters.highest.max(modseq);
        match change.mailbox.holds {
            MailboxType::Mail => self.mail(change, modseq),
            MailboxType::Calendar => {
                self.counters.calendar = self.counters.calendar.max(modseq);
                self.calendar.change(change, modseq);
            }
            MailboxType::AddressBook => {
                self.counters.contacts = self.counters.contacts.max(modseq);
                self.contacts.change(change, modseq);
            }
            _ => {}
        }
    }

    fn mail(&mut self, change: &MailboxChange, modseq: Modseq) {
        self.counters.mail = self.counters.mail.max(modseq);
        if change.mailbox.name.is_inbox() {
            self.inbox.change(change);
        } else {
            self.folder(change);
        }
    }

    fn folder(&mut self, change: &MailboxChange) {
        let name = change.mailbox.name.path.join("/");
        let before = match (change.kind, &change.from) {
            (ChangeKind::MailboxDelete, _) => {
                self.folders.remove(&name);
                return;
            }
            (ChangeKind::MailboxRename, Some(from)) => self.folders.remove(&from.name.path.join("/")),
            _ => self.folders.get(&name).copied(),
        };
        if self.folders.len() < MOST_FOLDERS || self.folders.contains_key(&name) {
            let before = before.unwrap_or_default();
            let messages = change.messages.exists.unwrap_or(before.messages);
            let unread = change.messages.unseen.unwrap_or(before.unread);
            self.folders.insert(name, Folder { messages, unread });
        }
    }

    /// An alarm tells more of an entry than the change that made it: where it takes place.
    fn alarm(&mut self, alarm: &CalendarAlarm) {
        self.calendar.place(&alarm.uid, &alarm.location);
    }
}

/// A real `MessageNew` carries older counters than the `MailboxModseq` before it, so the highest count.
fn raise(counters: &mut Counters, other: &Counters) {
    counters.version = other.version;
    counters.highest = counters.highest.max(other.highest);
    counters.mail = counters.mail.max(other.mail);
    counters.calendar = counters.calendar.max(other.calendar);
    counters.contacts = counters.contacts.max(other.contacts);
    counters.notes = counters.notes.max(other.notes);
    counters.folders = counters.folders.max(other.folders);
    counters.quota = counters.quota.max(other.quota);
    counters.racl = counters.racl.max(other.racl);
    counters.uid_validity = counters.uid_validity.max(other.uid_validity);
}

#[cfg(test)]
mod tests;
