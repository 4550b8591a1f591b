//! The world as the page reads it: JSON of a fixed shape.

use serde::Serialize;

use super::{Collection, Message, World};

/// Most messages in one answer: the page shows fewer.
const MOST_SHOWN: usize = 20;

/// `/demo/mailbox.json`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    account: String,
    changes: u64,
    /// Unix milliseconds of the last change.
    changed_at: u64,
    modseqs: Modseqs,
    unread: usize,
    total: usize,
    /// Newest first.
    messages: Vec<MessageRow>,
    folders: Vec<FolderRow>,
    /// Soonest first.
    calendar: Vec<EntryRow>,
    /// Last changed first.
    contacts: Vec<ContactRow>,
}

#[derive(Debug, Serialize)]
struct Modseqs {
    mail: u64,
    calendar: u64,
    contacts: u64,
}

#[derive(Debug, Serialize)]
struct MessageRow {
    uid: u32,
    from: String,
    address: String,
    subject: String,
    date: String,
    unread: bool,
    flagged: bool,
}

#[derive(Debug, Serialize)]
struct FolderRow {
    name: String,
    messages: u32,
    unread: u32,
}

#[derive(Debug, Serialize)]
struct EntryRow {
    uid: String,
    title: String,
    start: String,
    location: String,
    modseq: u64,
}

#[derive(Debug, Serialize)]
struct ContactRow {
    uid: String,
    name: String,
    modseq: u64,
}

impl World {
    /// What a client of `account` would fetch.
    pub fn snapshot(&self, account: &str) -> Snapshot {
        let folder = |(name, folder): (&String, &super::Folder)| FolderRow {
            name: name.clone(),
            messages: folder.messages,
            unread: folder.unread,
        };
        Snapshot {
            account: account.to_owned(),
            changes: self.changes,
            changed_at: self.changed_at.0,
            modseqs: Modseqs {
                mail: self.counters.mail.0,
                calendar: self.counters.calendar.0,
                contacts: self.counters.contacts.0,
            },
            unread: self.inbox.unread(),
            total: self.inbox.messages().len(),
            messages: self.inbox.messages().iter().rev().take(MOST_SHOWN).map(MessageRow::of).collect(),
            folders: self.folders.iter().map(folder).collect(),
            calendar: agenda(&self.calendar),
            contacts: people(&self.contacts),
        }
    }
}

impl MessageRow {
    fn of(message: &Message) -> Self {
        Self {
            uid: message.uid,
            from: message.from.clone(),
            address: message.address.clone(),
            subject: message.subject.clone(),
            date: message.date.clone(),
            unread: message.unread,
            flagged: message.flagged,
        }
    }
}

fn agenda(calendar: &Collection) -> Vec<EntryRow> {
    let mut rows: Vec<_> = calendar
        .entries()
        .map(|(uid, entry)| EntryRow {
            uid: uid.to_owned(),
            title: entry.title.clone(),
            start: entry.start.clone(),
            location: entry.location.clone(),
            modseq: entry.modseq.0,
        })
        .collect();
    rows.sort_by_key(|row| jiff::fmt::rfc2822::parse(&row.start).ok().map(|start| start.timestamp()));
    rows
}

fn people(contacts: &Collection) -> Vec<ContactRow> {
    let row = |(uid, entry): (&str, &super::Entry)| ContactRow {
        uid: uid.to_owned(),
        name: entry.title.clone(),
        modseq: entry.modseq.0,
    };
    let mut rows: Vec<_> = contacts.entries().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.modseq));
    rows
}
