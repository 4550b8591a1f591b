//! From the octets of a record to what the bus is told.

use std::panic::{self, AssertUnwindSafe};

use cyrus::{Dialect, Malformed, Notice, datagram, dlist};
use mailbox_event::{
    AccountTokens, Event, EventId, Notification, RelayId,
    codec::{self, EncodeError},
};
use routing::{Publications, publications};

use crate::{
    spool::{Form, Record},
    telemetry::{Telemetry, UnknownThing},
};

/// Understands records.
#[derive(Clone)]
pub(crate) struct Decoder {
    pub dialect: Dialect,
    pub tokens: AccountTokens,
    pub form: codec::Form,
}

/// Why a record is put aside.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Undecodable {
    /// Cyrus' words are not understood.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// We broke on it. The next start would read it again, and break again.
    #[error("decoding panicked")]
    Panicked,
    /// Ours cannot be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl Decoder {
    pub fn form(&self) -> codec::Form {
        self.form
    }

    /// What comes of a record.
    pub fn publications(
        &self,
        relay: RelayId,
        record: &Record,
        telemetry: &Telemetry,
    ) -> Result<Publications, Undecodable> {
        unbroken(|| self.understand(relay, record, telemetry))
    }

    fn understand(
        &self,
        relay: RelayId,
        record: &Record,
        telemetry: &Telemetry,
    ) -> Result<Publications, Undecodable> {
        let notice = notice(record)?;
        let notification = self.dialect.decode(&notice, record.message.as_ref().map(|file| file.to_vec()))?;
        count_unknown(&notification, telemetry);
        let id = EventId { relay, sequence: record.sequence };
        let event = Event { id, taken_at: record.taken_at, notification };
        Ok(publications(&event, &self.tokens, &self.dialect.naming, self.form)?)
    }
}

/// A panic is that of one record. What it leaves half done are counts.
fn unbroken<T>(decode: impl FnOnce() -> Result<T, Undecodable>) -> Result<T, Undecodable> {
    panic::catch_unwind(AssertUnwindSafe(decode)).unwrap_or(Err(Undecodable::Panicked))
}

fn notice(record: &Record) -> Result<Notice, Malformed> {
    match record.form {
        Form::Datagram => datagram::parse(&record.payload),
        // The intake has seen its end already.
        Form::Dlist => {
            dlist::Reader::new(record.payload.len()).push(&record.payload)?.ok_or(Malformed::Truncated)
        }
    }
}

fn count_unknown(notification: &Notification, telemetry: &Telemetry) {
    match notification {
        Notification::Mailbox(change) => {
            // Every event says which process it came from.
            let keys = change.extra.keys().filter(|key| *key != "pid").count();
            telemetry.unknown(UnknownThing::Key, keys as u64);
            if change.counters.is_none() {
                telemetry.without_counters();
            }
        }
        Notification::Other(other) => match other.name.as_deref() {
            None => telemetry.unknown(UnknownThing::Class, 1),
            // Known, and of no use to anybody here.
            Some("Login" | "Logout") => {}
            Some(_) => telemetry.unknown(UnknownThing::Event, 1),
        },
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_on_which_decoding_panics_is_put_aside_like_nonsense() {
        let panicked = unbroken::<()>(|| panic!("on purpose"));
        assert!(matches!(panicked, Err(Undecodable::Panicked)));
        let malformed = unbroken::<()>(|| Err(Malformed::Syntax.into()));
        assert!(matches!(malformed, Err(Undecodable::Malformed(Malformed::Syntax))));
    }
}
