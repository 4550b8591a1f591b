//! What travels on the bus, and under which subject.

use std::fmt;

use bytes::Bytes;
use mailbox_event::{AccountToken, EventId, subject};
use serde::{Deserialize, Serialize};

/// How soon a job wants to be done. Workers take higher urgencies first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Urgency {
    /// Somebody waits for it now.
    High,
    /// Soon.
    Normal,
    /// When there is time.
    Low,
}

/// A kind of work for the slow path. Each has a group of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobKind {
    /// Alarm mail.
    Alarm,
    /// Sieve notifications.
    Sieve,
    /// Mail about messages that were to be sent later and were not.
    Unscheduled,
}

/// A kind of one-shot event for the fast path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LiveKind {
    /// A display alarm goes off.
    CalendarAlert,
}

/// What a message is about. Its text form is the subject on a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// The STATE of an account was stored.
    State(AccountToken),
    /// A one-shot event of an account.
    Live(AccountToken, LiveKind),
    /// A job.
    Job(Urgency, JobKind, AccountToken),
}

impl Topic {
    /// The account it is about.
    pub fn account(&self) -> AccountToken {
        match *self {
            Self::State(account) | Self::Live(account, _) | Self::Job(_, _, account) => account,
        }
    }

    /// The kind of job, if it is one.
    pub fn job(&self) -> Option<(Urgency, JobKind)> {
        match *self {
            Self::Job(urgency, kind, _) => Some((urgency, kind)),
            Self::State(_) | Self::Live(..) => None,
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match *self {
            Self::State(account) => subject::state(account),
            Self::Live(account, kind) => subject::event(account, kind.name()),
            Self::Job(urgency, kind, account) => subject::job(urgency.name(), kind.name(), account),
        })
    }
}

impl Urgency {
    /// The token in a subject.
    pub fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }
}

impl JobKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Alarm, Self::Sieve, Self::Unscheduled];

    /// The token in a subject.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alarm => "alarm",
            Self::Sieve => "sieve",
            Self::Unscheduled => "unscheduled",
        }
    }
}

impl LiveKind {
    /// The token in a subject.
    pub fn name(self) -> &'static str {
        match self {
            Self::CalendarAlert => "calendar-alert",
        }
    }
}

/// One message. Cloning shares the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The event it came from; dispatching the same id and topic again makes no second job.
    pub id: EventId,
    /// What it is about.
    pub topic: Topic,
    /// The value, in the form of `mailbox_event::codec`.
    pub payload: Bytes,
}
