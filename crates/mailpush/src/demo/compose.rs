//! Composes what Cyrus would say next.
//!
//! The world tells where its numbers stand, so that each notification follows from those before it: numbers only
//! rise, and UIDs are those of messages that are there.

mod alarm;

use cyrus::Notice;
use jiff::{SignedDuration, Zoned};
use serde_json::json;

use super::{
    cast::{APPOINTMENTS, LETTERS, Letter, PEOPLE},
    draft::{Draft, mail_date},
    envelope::{self, Parts},
    part::Part,
    recording::Recording,
    world::{Message, World},
};

/// One thing that somebody does to the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// The next letter of the cast arrives.
    Deliver,
    /// This letter arrives.
    Receive(Letter),
    /// The oldest unread message is read.
    Read,
    /// A message gets a flag, or loses it.
    Flag,
    /// A message is removed, preferably one that was read.
    Delete,
    /// An appointment is made or moved.
    Event,
    /// A contact is saved.
    Contact,
    /// An alarm for the screen goes off.
    Alert,
    /// An alarm by mail goes off.
    AlarmMail,
}

/// Deals the cast's cards in turn and rewrites recorded notifications.
#[derive(Debug)]
pub struct Composer {
    recording: Recording,
    letters: usize,
    appointments: usize,
    people: usize,
}

impl Composer {
    /// Starts with the first card of each kind.
    pub fn new(recording: Recording) -> Self {
        Self { recording, letters: 0, appointments: 0, people: 0 }
    }

    /// What Cyrus says when `deed` is done to `world`. Where there is nothing to read, flag or delete a letter
    /// arrives, and where there is no appointment to warn of one is made.
    pub fn compose(&mut self, deed: &Deed, world: &World, now: &Zoned) -> Vec<Notice> {
        let messages = world.inbox().messages();
        let oldest = |wanted: fn(&Message) -> bool| messages.iter().find(|message| wanted(message));
        match deed {
            Deed::Receive(letter) => self.delivery(letter, world, now),
            Deed::Read => match oldest(|message| message.unread) {
                Some(message) => self.read(message, world, now),
                None => self.next_letter(world, now),
            },
            Deed::Flag => match messages.get(world.changes() as usize % messages.len().max(1)) {
                Some(message) => self.flag(message, world, now),
                None => self.next_letter(world, now),
            },
            Deed::Delete => {
                match oldest(|message| !message.unread && !message.flagged).or(messages.first()) {
                    Some(message) => self.expunge(message, world, now),
                    None => self.next_letter(world, now),
                }
            }
            Deed::Deliver => self.next_letter(world, now),
            Deed::Event => self.appointment(world, now),
            Deed::Contact => self.contact(world, now),
            Deed::Alert => self.alarm("display", world, now),
            Deed::AlarmMail => self.alarm("email", world, now),
        }
    }

    fn next_letter(&mut self, world: &World, now: &Zoned) -> Vec<Notice> {
        let letter = &LETTERS[self.letters % LETTERS.len()];
        self.letters += 1;
        self.delivery(letter, world, now)
    }

    fn delivery(&self, letter: &Letter, world: &World, now: &Zoned) -> Vec<Notice> {
        let inbox = world.inbox();
        let date = mail_date(now);
        let Letter { name, mailbox, host, subject } = letter;
        let parts = Parts { date: &date, subject, name, mailbox, host, message_id: "" };
        let exist = (inbox.messages().len() + 1, inbox.unread() + 1);
        self.arrival(Part::Mail, (inbox.uid_next(), exist), parts, world, now, |draft| draft)
    }

    fn appointment(&mut self, world: &World, now: &Zoned) -> Vec<Notice> {
        let card = &APPOINTMENTS[self.appointments % APPOINTMENTS.len()];
        self.appointments += 1;
        let start =
            now.checked_add(SignedDuration::from_hours(card.hours_ahead)).unwrap_or_else(|_| now.clone());
        self.resource(Part::Calendar, (card.uid, card.summary, "ics"), &start, world, now)
    }

    fn contact(&mut self, world: &World, now: &Zoned) -> Vec<Notice> {
        let (uid, name) = PEOPLE[self.people % PEOPLE.len()];
        self.people += 1;
        self.resource(Part::Contacts, (uid, name, "vcf"), now, world, now)
    }

    /// A DAV resource: a message whose subject is its title.
    fn resource(
        &self,
        part: Part,
        (dav_uid, title, ending): (&str, &str, &str),
        date: &Zoned,
        world: &World,
        now: &Zoned,
    ) -> Vec<Notice> {
        let collection = if part == Part::Calendar { world.calendar() } else { world.contacts() };
        let date = mail_date(date);
        let parts = Parts {
            date: &date,
            subject: title,
            name: "",
            mailbox: "alice",
            host: "example.org",
            message_id: "",
        };
        let known = collection.entries().any(|(uid, _)| uid == dav_uid);
        let count = collection.entries().len() + usize::from(!known);
        self.arrival(part, (collection.uid_next(), (count, count)), parts, world, now, |draft| {
            draft.set("vnd.cmu.davUid", dav_uid).set("vnd.cmu.davFilename", format!("{dav_uid}.{ending}"))
        })
    }

    /// A message that comes to be, in any part.
    fn arrival(
        &self,
        part: Part,
        (uid, (messages, unseen)): (u32, (usize, usize)),
        parts: Parts<'_>,
        world: &World,
        now: &Zoned,
        finish: impl FnOnce(Draft) -> Draft,
    ) -> Vec<Notice> {
        let modseq = part.moved(world.counters()).highest.0;
        let message_id = format!("<{modseq}.{}@demo.example.net>", now.timestamp().as_millisecond());
        let envelope = envelope::write(Parts { message_id: &message_id, ..parts });
        self.change("MessageNew", part, world, now, |draft| {
            let draft = draft.message(uid, &message_id, modseq).set("vnd.cmu.envelope", envelope);
            finish(draft.exist(messages, unseen))
        })
    }

    fn read(&self, message: &Message, world: &World, now: &Zoned) -> Vec<Notice> {
        self.one("MessageRead", message, (0, 1), world, now)
    }

    fn flag(&self, message: &Message, world: &World, now: &Zoned) -> Vec<Notice> {
        let event = if message.flagged { "FlagsClear" } else { "FlagsSet" };
        self.one(event, message, (0, 0), world, now)
    }

    fn expunge(&self, message: &Message, world: &World, now: &Zoned) -> Vec<Notice> {
        self.one("MessageExpunge", message, (1, usize::from(message.unread)), world, now)
    }

    /// A change of one message that is there; `fewer` messages and unread ones are there afterwards.
    fn one(
        &self,
        event: &str,
        message: &Message,
        fewer: (usize, usize),
        world: &World,
        now: &Zoned,
    ) -> Vec<Notice> {
        let inbox = world.inbox();
        self.change(event, Part::Mail, world, now, |draft| {
            draft
                .set("uidset", message.uid.to_string())
                .set("vnd.cmu.midset", json!([message.message_id]))
                .set("uidnext", inbox.uid_next())
                .exist(inbox.messages().len().saturating_sub(fewer.0), inbox.unread().saturating_sub(fewer.1))
        })
    }

    /// As Cyrus does it: `MailboxModseq` with the counters after the change, then the change with those before it.
    fn change(
        &self,
        event: &str,
        part: Part,
        world: &World,
        now: &Zoned,
        fill: impl FnOnce(Draft) -> Draft,
    ) -> Vec<Notice> {
        let before = world.counters();
        let after = part.moved(before);
        let change =
            self.recording.draft(event, part).timed(now).counters(before).set("modseq", after.highest.0);
        let change = fill(change);
        let moved = self.recording.draft("MailboxModseq", part).timed(now).counters(&after);
        let moved = moved.set("service", change.text("service"));
        vec![moved.notice(), change.notice()]
    }

    fn alarm(&mut self, action: &str, world: &World, now: &Zoned) -> Vec<Notice> {
        match alarm::of_the_next_appointment(&self.recording, action, world, now) {
            Some(alarm) => vec![alarm],
            None => self.appointment(world, now),
        }
    }
}

#[cfg(test)]
mod tests;
