//! The people, letters and appointments of the demo.

use std::borrow::Cow;

/// A message that somebody sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Sender's name; may be empty.
    pub name: Cow<'static, str>,
    /// Sender's address before the `@`.
    pub mailbox: Cow<'static, str>,
    /// Sender's address after it.
    pub host: Cow<'static, str>,
    /// Subject.
    pub subject: Cow<'static, str>,
}

/// A letter from somebody at example.net.
pub const fn letter(name: &'static str, mailbox: &'static str, subject: &'static str) -> Letter {
    Letter {
        name: Cow::Borrowed(name),
        mailbox: Cow::Borrowed(mailbox),
        host: Cow::Borrowed("example.net"),
        subject: Cow::Borrowed(subject),
    }
}

/// Letters, dealt in turn.
pub const LETTERS: &[Letter] = &[
    letter("Mina Park", "mina", "Lunch on Thursday?"),
    letter("Harbour Library", "loans", "Two books are due on Friday"),
    letter("Ada Okafor", "ada", "Minutes of Tuesday’s meeting"),
    letter("Jörg Müller", "joerg", "Re: Grüße aus Köln"),
    letter("Release desk", "releases", "3.2 is out"),
    letter("Noor Haddad", "noor", "The photos you asked for"),
    letter("Dr. Weiss’ surgery", "desk", "Your appointment is confirmed"),
    letter("Tom Berg", "tom", "Can you look at this before noon?"),
    letter("佐藤 由美", "yumi", "週末の予定"),
    letter("City Choir", "choir", "Rehearsal moved to the small hall"),
    letter("Ines Vidal", "ines", "Draft of the contract, second round"),
    letter("Train tickets", "tickets", "Your booking to Köln"),
    letter("Pat O’Neil", "pat", "He said “hi” (twice)"),
    letter("Bicycle workshop", "workshop", "Your bicycle is ready"),
    letter("Carol Shaw", "carol", "Happy birthday!"),
    letter("Allotment society", "society", "Who has the key to the shed?"),
    letter("Bob Builder", "bob", "Roof: the second quote"),
];

/// An appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appointment {
    /// UID in iCalendar.
    pub uid: &'static str,
    /// SUMMARY.
    pub summary: &'static str,
    /// LOCATION.
    pub location: &'static str,
    /// How many hours from now it starts.
    pub hours_ahead: i64,
}

const fn appointment(
    uid: &'static str,
    summary: &'static str,
    location: &'static str,
    hours_ahead: i64,
) -> Appointment {
    Appointment { uid, summary, location, hours_ahead }
}

/// Appointments, put into the calendar in turn; later ones move what is there.
pub const APPOINTMENTS: &[Appointment] = &[
    appointment("demo-lunch", "Lunch with Mina, café", "Café Müller, Köln", 2),
    appointment("demo-dentist", "Dentist", "Dr. Weiss, 2nd floor", 20),
    appointment("demo-choir", "Choir rehearsal", "Small hall", 9),
    appointment("demo-budget", "Budget review", "Room 4", 26),
    appointment("demo-train", "Train to Köln", "Platform 7", 49),
    appointment("demo-call", "Call with Ada", "By telephone", 5),
];

/// Contacts, put into the address book in turn: UID in vCard and name.
pub const PEOPLE: &[(&str, &str)] = &[
    ("demo-mina", "Mina Park"),
    ("demo-joerg", "Jörg Müller"),
    ("demo-ada", "Ada Okafor"),
    ("demo-noor", "Noor Haddad"),
    ("demo-tom", "Tom Berg"),
    ("demo-ines", "Ines Vidal"),
    ("demo-yumi", "佐藤 由美"),
];
