//! A job as it lies in the broker: its payload, and what we note about it in headers.

use std::{borrow::Cow, fmt::Write, str::FromStr};

use async_nats::HeaderMap;
use bus::{JobKind, Message, Topic, Urgency};
use bytes::Bytes;
use mailbox_event::{AccountToken, EventId, RelayId, UnixMillis};

use crate::live::{id_of, with_id};

/// The topic, where the subject does not say it.
const TOPIC: &str = "Mailpush-Topic";
/// Attempts that failed.
const ATTEMPTS: &str = "Mailpush-Attempts";
/// The dead letter that it was redelivered from.
const LIFE: &str = "Mailpush-Life";
/// When it was dispatched.
const SINCE: &str = "Mailpush-Since";
/// When a parked job is due.
const DUE: &str = "Mailpush-Due";
/// NATS' own, in the answer to a direct read: the stream. It sends that wherever who asks wants it, permitted or not.
pub(crate) const READ_FROM: &str = "Nats-Stream";
/// Why a dead letter is dead.
const REASON: &str = "Mailpush-Reason";
/// When it died.
const DIED: &str = "Mailpush-Died";

/// A job of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    /// As it was dispatched.
    pub(crate) message: Message,
    /// Attempts that failed so far.
    pub(crate) attempts: u32,
    /// The dead letter that it was redelivered from last, by its id; 0 before that. Attempts begin again with each
    /// life, and what the broker compares to find doubles must not mistake one for the other.
    pub(crate) life: u64,
    /// When it was dispatched.
    pub(crate) since: UnixMillis,
}

/// What says that a message in the stream is no job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Poison {
    /// No event id that can be read.
    #[error("job has no event id that this release can read")]
    Event,
    /// No topic that can be read.
    #[error("subject is not known to this release")]
    Topic,
    /// Attempts, life or time are no numbers.
    #[error("job has a header that this release cannot read")]
    Number,
    /// It was read out of a stream, and the answer was sent here: who may read need not be allowed to dispatch.
    #[error("job was not dispatched but read from a stream and sent on")]
    Read,
}

impl Job {
    /// Reads a job. `topic` is what its subject says, which a header overrides; `stored` is when the broker took it.
    pub(crate) fn read(
        headers: &HeaderMap,
        topic: Option<Topic>,
        payload: Bytes,
        stored: UnixMillis,
    ) -> Result<Self, Poison> {
        if headers.get(READ_FROM).is_some() {
            return Err(Poison::Read);
        }
        let topic = match headers.get(TOPIC) {
            Some(text) => Some(text.as_str().parse().map_err(|_| Poison::Topic)?),
            None => topic,
        };
        let (event, topic) = (id_of(headers).ok_or(Poison::Event)?, topic.ok_or(Poison::Topic)?);
        Ok(Self {
            message: Message { id: event, topic, payload },
            attempts: number(headers, ATTEMPTS)?.unwrap_or(0),
            life: number(headers, LIFE)?.unwrap_or(0),
            since: UnixMillis(number(headers, SINCE)?.unwrap_or(stored.0)),
        })
    }

    /// What cannot be read as a job, as one that an operator can look at. Its place in the stream names it, and nothing
    /// says what it is about.
    pub(crate) fn unreadable(place: u64, payload: Bytes, stored: UnixMillis) -> Self {
        let id = EventId { relay: RelayId(0), sequence: place };
        let topic = Topic::Job(Urgency::Normal, JobKind::Alarm, AccountToken([0; 16]));
        Self { message: Message { id, topic, payload }, attempts: 0, life: 0, since: stored }
    }

    /// All that [`Self::read`] reads.
    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = with_id(self.message.id);
        headers.insert(TOPIC, self.message.topic.to_string());
        headers.insert(ATTEMPTS, self.attempts.to_string());
        headers.insert(LIFE, self.life.to_string());
        headers.insert(SINCE, self.since.0.to_string());
        headers
    }

    /// Its name among the parked of its group: after the same attempt of the same life it is the same.
    pub(crate) fn stay(&self) -> String {
        format!("{}.{}.{}.{}", self.life, self.attempts, self.message.id, self.message.topic)
    }
}

/// When a job was dispatched; `stored` is when the broker took it.
pub(crate) fn since(headers: &HeaderMap, stored: UnixMillis) -> UnixMillis {
    number(headers, SINCE).ok().flatten().map_or(stored, UnixMillis)
}

fn number<T: FromStr>(headers: &HeaderMap, name: &str) -> Result<Option<T>, Poison> {
    headers.get(name).map(|text| text.as_str().parse().map_err(|_| Poison::Number)).transpose()
}

/// Notes when a parked job is due.
pub(crate) fn set_due(headers: &mut HeaderMap, due: UnixMillis) {
    headers.insert(DUE, due.0.to_string());
}

/// When a parked job is due; what does not say is due at once.
pub(crate) fn due(headers: &HeaderMap) -> UnixMillis {
    UnixMillis(number(headers, DUE).ok().flatten().unwrap_or(0))
}

/// Notes why a job is dead, and since when.
pub(crate) fn set_death(headers: &mut HeaderMap, reason: &str, died: UnixMillis) {
    headers.insert(REASON, escape(reason));
    headers.insert(DIED, died.0.to_string());
}

/// Why a job is dead, and since when.
pub(crate) fn death(headers: &HeaderMap) -> Result<(String, UnixMillis), Poison> {
    let reason = headers.get(REASON).map(|text| unescape(text.as_str()).into_owned()).unwrap_or_default();
    Ok((reason, UnixMillis(number(headers, DIED)?.unwrap_or(0))))
}

/// A header is one line, and blanks at its ends may be lost: those, control characters and `%` are written as `%` and
/// the hexadecimal number of the character, closed by `;`.
fn escape(text: &str) -> String {
    let (mut line, last) = (String::with_capacity(text.len()), text.chars().count().saturating_sub(1));
    for (place, character) in text.chars().enumerate() {
        let is_at_end = place == 0 || place == last;
        if character.is_control() || character == '%' || (is_at_end && character.is_whitespace()) {
            write!(line, "%{:x};", u32::from(character)).expect("a String takes all");
        } else {
            line.push(character);
        }
    }
    line
}

fn unescape(line: &str) -> Cow<'_, str> {
    if !line.contains('%') {
        return Cow::Borrowed(line);
    }
    let (mut text, mut rest) = (String::with_capacity(line.len()), line);
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let character = after.split_once(';').and_then(|(digits, tail)| {
            let number = u32::from_str_radix(digits, 16).ok()?;
            Some((char::from_u32(number)?, tail))
        });
        rest = if let Some((character, tail)) = character {
            text.push(character);
            tail
        } else {
            text.push('%');
            after
        };
    }
    text.push_str(rest);
    Cow::Owned(text)
}

#[cfg(test)]
mod tests;
