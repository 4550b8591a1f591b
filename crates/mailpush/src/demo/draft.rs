//! A recorded notification that is being rewritten.

use cyrus::Notice;
use jiff::{Timestamp, Zoned, fmt::rfc2822};
use mailbox_event::Counters;
use serde_json::{Map, Value, json};

use super::envelope;

/// The fields of one event; those that nobody sets stay as Cyrus said them.
#[derive(Debug, Clone)]
pub struct Draft(Map<String, Value>);

impl Draft {
    /// Starts from recorded fields.
    pub fn of(fields: Map<String, Value>) -> Self {
        Self(fields)
    }

    /// Sets one field.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    /// A field that is a text.
    pub fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// Sets when it happened.
    #[must_use]
    pub fn timed(self, now: &Zoned) -> Self {
        if !self.0.contains_key("timestamp") {
            return self;
        }
        let at = Timestamp::from_millisecond(now.timestamp().as_millisecond()).unwrap_or_default();
        self.set("timestamp", format!("{at:.3}"))
    }

    /// Sets the counters, and the states that Cyrus derives from them.
    #[must_use]
    pub fn counters(mut self, counters: &Counters) -> Self {
        let states = [
            ("Email", counters.mail),
            ("CalendarEvent", counters.calendar),
            ("Contact", counters.contacts),
            ("ContactGroup", counters.contacts),
        ];
        if let Some(Value::Object(known)) = self.0.get_mut("vnd.fastmail.jmapStates") {
            known.extend(states.map(|(name, state)| (name.to_owned(), json!(state.to_string()))));
        }
        self.set("vnd.fastmail.counters", written(counters))
    }

    /// Sets the one message concerned: its UID in the mailbox's URI, and the ids that Cyrus derives from it.
    #[must_use]
    pub fn message(self, uid: u32, message_id: &str, modseq: u64) -> Self {
        let base = self.text("uri").split("/;UID=").next().unwrap_or_default().to_owned();
        // Any mixing will do: these ids have to differ, and nobody reads them.
        let conversation = format!("{:016x}", modseq.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        self.set("uri", format!("{base}/;UID={uid}"))
            .set("uidnext", uid + 1)
            .set("vnd.cmu.midset", json!([message_id]))
            .set("vnd.cmu.emailid", format!("M{modseq:08x}{conversation}"))
            .set("vnd.cmu.threadid", format!("T{conversation}"))
            .set("vnd.fastmail.cid", conversation)
    }

    /// Sets how many messages there are afterwards, and how many of them unread.
    #[must_use]
    pub fn exist(self, messages: usize, unseen: usize) -> Self {
        self.set("messages", messages)
            .set("vnd.cmu.unseenMessages", unseen)
            .set("vnd.fastmail.convExists", messages)
            .set("vnd.fastmail.convUnseen", unseen)
    }

    /// Sets the Date in the envelope, where there is one.
    #[must_use]
    pub fn envelope_date(self, date: &Zoned) -> Self {
        match envelope::redated(self.text("vnd.cmu.envelope"), &mail_date(date)) {
            Some(redated) => self.set("vnd.cmu.envelope", redated),
            None => self,
        }
    }

    /// What Cyrus would write to its socket.
    pub fn notice(self) -> Notice {
        let message = Value::Object(self.0).to_string().into_bytes();
        Notice { method: "pusher".to_owned(), class: "EVENT".to_owned(), message, ..Notice::default() }
    }
}

/// A date as mail headers have it (RFC 5322 §3.3).
pub fn mail_date(date: &Zoned) -> String {
    rfc2822::to_string(date).unwrap_or_default()
}

/// The form of Cyrus 3.6: 13 numbers.
fn written(counters: &Counters) -> String {
    let number = |modseq: Option<mailbox_event::Modseq>| modseq.unwrap_or_default().0;
    let folders = counters.folders.unwrap_or_default().map(|modseq| modseq.0.to_string()).join(" ");
    format!(
        "{} {} {} {} {} {} {folders} {} {} {}",
        counters.version,
        counters.highest,
        counters.mail,
        counters.calendar,
        counters.contacts,
        number(counters.notes),
        number(counters.quota),
        number(counters.racl),
        counters.uid_validity.0,
    )
}
