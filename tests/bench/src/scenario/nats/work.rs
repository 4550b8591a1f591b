//! What Cyrus says in this scenario, and where it comes to lie.

use bus::{JobKind, Topic, Urgency};
use cyrus::{Notice, dlist};
use mailbox_event::{Account, AccountToken};
use serde_json::json;

use crate::{Outcome, peer::user, server::tokens};

/// Which work relay is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Changes of mail: a STATE each, by compare-and-set and without an id that NATS compares.
    States {
        /// They go around so many accounts.
        accounts: usize,
    },
    /// Alarm mail: a job each, with an id that NATS compares.
    Jobs,
}

impl Work {
    /// Accounts that relay's memory of states has room for, and more than it works on at once: nothing is merged and
    /// nothing read twice.
    pub const KNOWN_STATES: Self = Self::States { accounts: 4096 };
    /// Accounts as in the other scenarios, more than relay remembers: each state is read before it is written.
    pub const MANY_STATES: Self = Self::States { accounts: Self::MOST_ACCOUNTS };
    /// No work has more.
    pub const MOST_ACCOUNTS: usize = 10_000;

    /// The account of one notification.
    pub fn account(self, number: usize) -> usize {
        match self {
            Self::States { accounts } => number % accounts,
            Self::Jobs => number % 4096,
        }
    }

    /// What it is about.
    pub fn topic(self, number: usize) -> Outcome<Topic> {
        let account = token(self.account(number))?;
        Ok(match self {
            Self::States { .. } => Topic::State(account),
            Self::Jobs => Topic::Job(Urgency::High, JobKind::Alarm, account),
        })
    }

    /// The stream of an installation in which it lies.
    pub fn stream(self, prefix: &str) -> String {
        match self {
            Self::States { .. } => format!("{prefix}_STATE"),
            Self::Jobs => format!("{prefix}_JOBS"),
        }
    }

    /// One notification, as Cyrus sends it.
    pub fn notification(self, number: usize) -> Vec<u8> {
        let account = self.account(number);
        let message = match self {
            Self::States { .. } => change(account, number + 1),
            Self::Jobs => alarm(account, number),
        };
        let (method, class) = ("pusher".to_owned(), "EVENT".to_owned());
        dlist::write(&Notice { method, class, message: message.into_bytes(), ..Notice::default() })
    }
}

/// The name of an account on the bus.
pub fn token(account: usize) -> Outcome<AccountToken> {
    let name = format!("{}@example.org", user(u32::try_from(account)?));
    Ok(tokens().token(&Account::parse(&name).map_err(|error| error.to_string())?))
}

/// As long as Cyrus' own, with the usual parameters.
fn change(account: usize, modseq: usize) -> String {
    let user = format!("u{account}");
    json!({
        "event": "MailboxModseq", "mailboxID": format!("m{account}"), "vnd.cmu.mbtype": "e", "user": "",
        "uri": format!("imap://h/user/{user};UIDVALIDITY=1700000000"), "vnd.cmu.sessionId": "x".repeat(500),
        "vnd.fastmail.counters": format!("9 {modseq} {modseq} 0 0 0 1 0 0 0 0 0 1700000000"),
    })
    .to_string()
}

fn alarm(account: usize, number: usize) -> String {
    let user = format!("u{account}");
    json!({
        "event": "CalendarAlarm", "alarmTime": "20261122T031248", "action": "EMAIL", "userId": user,
        "alarmRecipients": [format!("mailto:{user}@example.org")], "calendarId": "Default", "calendarName": "personal",
        "uid": format!("event-{number}"), "recurrenceId": "20261122", "alertId": "a1", "calendarEventId": "E1",
        "summary": "Team lunch", "description": "One hour", "location": "Here", "timezone": "UTC",
        "start": "20261122T031748", "end": "20261122T041748", "allDay": 0, "attendeeNames": ["Bob"],
        "attendeeEmails": ["mailto:bob@example.org"], "attendeeStatus": ["ACCEPTED"],
        "organizer": format!("mailto:{user}@example.org"),
    })
    .to_string()
}
