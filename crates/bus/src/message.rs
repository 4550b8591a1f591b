//! What travels on the bus, and under which subject.

use std::{fmt, str::FromStr};

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
    /// Sieve notifications by mail.
    Sieve,
    /// Sieve notifications by text message.
    Sms,
    /// Mail about messages that were to be sent later and were not.
    Unscheduled,
    /// Sieve notifications by a POST.
    Webhook,
}

/// A kind of one-shot event for the fast path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LiveKind {
    /// A display alarm goes off.
    CalendarAlert,
    /// Credentials of the account were revoked.
    Revoked,
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

/// Why a text is no subject of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("subject is not one of ours")]
pub struct InvalidSubject;

/// Reads what `Display` wrote, and nothing else: the shard must be the account's.
impl FromStr for Topic {
    type Err = InvalidSubject;

    fn from_str(subject: &str) -> Result<Self, Self::Err> {
        let mut tokens = subject.split('.');
        let mut token = || tokens.next().ok_or(InvalidSubject);
        let topic = match token()? {
            "state" => {
                token()?;
                Self::State(account(token()?)?)
            }
            "ev" => {
                token()?;
                let account = account(token()?)?;
                Self::Live(account, named(token()?, &LiveKind::ALL, LiveKind::name)?)
            }
            "job" => {
                let urgency = named(token()?, &Urgency::ALL, Urgency::name)?;
                let kind = named(token()?, &JobKind::ALL, JobKind::name)?;
                Self::Job(urgency, kind, account(token()?)?)
            }
            _ => return Err(InvalidSubject),
        };
        // Comparing the whole covers the shard, upper-case digits and tokens that follow.
        if topic.to_string() == subject { Ok(topic) } else { Err(InvalidSubject) }
    }
}

fn named<T: Copy>(token: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, InvalidSubject> {
    all.iter().copied().find(|&one| name(one) == token).ok_or(InvalidSubject)
}

fn account(token: &str) -> Result<AccountToken, InvalidSubject> {
    let octets = u128::from_str_radix(token, 16).map_err(|_| InvalidSubject)?;
    Ok(AccountToken(octets.to_be_bytes()))
}

impl Urgency {
    /// Every urgency, the highest first.
    pub const ALL: [Self; 3] = [Self::High, Self::Normal, Self::Low];

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
    pub const ALL: [Self; 5] = [Self::Alarm, Self::Sieve, Self::Sms, Self::Unscheduled, Self::Webhook];

    /// The token in a subject.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alarm => "alarm",
            Self::Sieve => "sieve",
            Self::Sms => "sms",
            Self::Unscheduled => "unscheduled",
            Self::Webhook => "webhook",
        }
    }
}

impl LiveKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::CalendarAlert, Self::Revoked];

    /// The token in a subject.
    pub fn name(self) -> &'static str {
        match self {
            Self::CalendarAlert => "calendar-alert",
            Self::Revoked => "revoked",
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

impl Message {
    /// Whether it says nothing. Every value that the codec writes begins with an octet for its version, so that no
    /// listener could read an empty payload: the bus drops such a message instead of handing it out.
    pub fn is_noop(&self) -> bool {
        self.payload.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn topic() -> impl Strategy<Value = Topic> {
        let account = any::<[u8; 16]>().prop_map(AccountToken);
        let job = (0..3usize, 0..JobKind::ALL.len())
            .prop_map(|(urgency, kind)| (Urgency::ALL[urgency], JobKind::ALL[kind]));
        (account, 0..4usize, job).prop_map(|(account, form, (urgency, kind))| match form {
            0 => Topic::State(account),
            live @ (1 | 2) => Topic::Live(account, LiveKind::ALL[live - 1]),
            _ => Topic::Job(urgency, kind, account),
        })
    }

    proptest! {
        #[test]
        fn a_topic_is_read_from_its_subject(topic in topic()) {
            prop_assert_eq!(topic.to_string().parse(), Ok(topic));
        }

        #[test]
        fn no_text_is_read_as_something_else(text in "(state|ev|job)?[.a-f0-9]{0,60}") {
            if let Ok(topic) = text.parse::<Topic>() {
                prop_assert_eq!(topic.to_string(), text);
            }
        }
    }

    #[test]
    fn subjects_that_are_not_ours_are_refused() {
        let subject = Topic::State(AccountToken([0x0a; 16])).to_string();
        assert_eq!(subject, "state.10.0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a");
        for text in [
            "",
            "state",
            "state.11.0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
            &format!("{subject}.x"),
            "job.soon.alarm.0a",
        ] {
            assert_eq!(text.parse::<Topic>(), Err(InvalidSubject), "{text}");
        }
        assert_eq!(subject.to_uppercase().parse::<Topic>(), Err(InvalidSubject));
    }
}
