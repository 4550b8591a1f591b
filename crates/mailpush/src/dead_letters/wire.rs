//! What the command and the running program say to each other.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bus::{DeadLetter, Group};
use mailbox_event::{Event, Notification, codec};
use serde::{Deserialize, Serialize};

use crate::{age::age, quantity::quantity};

/// On the admin port.
pub const PATH: &str = "/dead-letters";

/// The most that are listed of a group in one go: the answer is held in memory.
pub const MOST: i64 = MOST_AT_ONCE as i64;

/// [`MOST`], for those who count without a sign.
pub const MOST_AT_ONCE: u32 = 1000;

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Request {
    /// Tell them.
    List {
        /// Of one group, or of each.
        group: Option<String>,
        /// At most so many of each.
        limit: u32,
    },
    /// Tell one.
    Show {
        /// Its group.
        group: String,
        /// Its number.
        number: u64,
        /// With its content.
        content: bool,
    },
    /// Give it back to its group.
    Redeliver {
        /// Its group.
        group: String,
        /// Its number.
        number: u64,
    },
    /// Drop it.
    Drop {
        /// Its group.
        group: String,
        /// Its number.
        number: u64,
    },
}

/// A dead letter, as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    pub group: String,
    pub number: u64,
    /// Unix ms.
    pub died_at: u64,
    pub attempts: u32,
    pub kind: String,
    pub urgency: String,
    /// Of the event: relay and number.
    pub event: String,
    pub octets: usize,
    /// Holds no content.
    pub reason: String,
    /// The event, if it was asked for.
    pub content: Option<String>,
}

impl Request {
    /// As it is sent.
    pub fn to_octets(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers are JSON")
    }
}

impl Letter {
    /// Tells one, with its content only where that was asked for.
    pub fn new(group: &Group, letter: &DeadLetter, with_content: bool) -> Self {
        let job = letter.message.topic.job();
        Self {
            group: group.to_string(),
            number: letter.id.0,
            died_at: letter.died_at.0,
            attempts: letter.attempts,
            kind: job.map_or("", |(_, kind)| kind.name()).to_owned(),
            urgency: job.map_or("", |(urgency, _)| urgency.name()).to_owned(),
            event: letter.message.id.to_string(),
            octets: letter.message.payload.len(),
            reason: letter.reason.clone(),
            content: with_content.then(|| content(&letter.message.payload)),
        }
    }

    /// In a list.
    pub fn line(&self, now: SystemTime) -> String {
        let Self { group, number, attempts, kind, urgency, reason, .. } = self;
        let attempts = quantity((*attempts).into(), "attempt");
        let age = self.age(now);
        format!("{group}\t{number}\t{age} ago\t{attempts}\t{kind}, {urgency}\t{reason}")
    }

    /// By itself.
    pub fn whole(&self, now: SystemTime) -> String {
        let Self { group, number, attempts, kind, urgency, event, octets, reason, .. } = self;
        let content = self.content.as_ref().map_or_else(
            || format!("{octets} octets; --content shows them"),
            |content| format!("\n{content}"),
        );
        format!(
            "group: {group}\nnumber: {number}\ndied: {} ago\nattempts: {attempts}\nkind: {kind}\n\
             urgency: {urgency}\nevent: {event}\nreason: {reason}\ncontent: {content}",
            self.age(now)
        )
    }

    fn age(&self, now: SystemTime) -> String {
        let died = UNIX_EPOCH + Duration::from_millis(self.died_at);
        age(now.duration_since(died).unwrap_or_default().as_secs())
    }
}

/// The event in JSON, a script's message in it as text; what is none, or a later release's, as it lies there.
fn content(payload: &[u8]) -> String {
    let event = codec::decode::<Event>(payload).ok();
    let json = event.and_then(|event| {
        let mut json = serde_json::to_value(&event).ok()?;
        if let Notification::Sieve(notification) = event.notification
            && let (Some(octets), Some(shown)) =
                (notification.message, json.pointer_mut("/notification/sieve/message"))
        {
            *shown = String::from_utf8_lossy(&octets).into();
        }
        serde_json::to_string_pretty(&json).ok()
    });
    json.unwrap_or_else(|| payload.escape_ascii().to_string())
}

#[cfg(test)]
mod tests {
    use bus::{DeadLetterId, JobKind, Message, Topic, Urgency};
    use bytes::Bytes;
    use mailbox_event::{Account, AccountToken, EventId, RelayId, SieveNotification, UnixMillis};

    use super::*;

    fn letter(with_content: bool) -> Letter {
        let id = EventId { relay: RelayId(1), sequence: 2 };
        let topic = Topic::Job(Urgency::High, JobKind::Alarm, AccountToken([0x4a; 16]));
        let message = Message { id, topic, payload: Bytes::from_static(b"no\x01event") };
        let died_at = UnixMillis(1_000_000);
        let reason = "smtp said no".to_owned();
        let dead = DeadLetter { id: DeadLetterId(7), message, reason, attempts: 4, died_at };
        Letter::new(&Group("alarm-mail".to_owned()), &dead, with_content)
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1000 + seconds)
    }

    #[test]
    fn a_letter_is_told_in_a_line_without_content_or_account() {
        assert_eq!(
            letter(false).line(at(90)),
            "alarm-mail\t7\t1m ago\t4 attempts\talarm, high\tsmtp said no"
        );
        let whole = letter(false).whole(at(0));
        assert!(whole.contains("8 octets; --content shows them"), "{whole}");
        for told in [whole, serde_json::to_string(&letter(false)).unwrap()] {
            assert!(!told.contains("4a4a") && !told.contains("event\n"), "{told}");
        }
    }

    #[test]
    fn what_is_no_event_is_shown_as_it_lies_there() {
        assert!(letter(true).whole(at(0)).ends_with("content: \nno\\x01event"));
    }

    #[test]
    fn a_scripts_message_is_shown_as_text_and_read_again() {
        let notification = SieveNotification {
            account: Account::parse("alice@example.org").unwrap(),
            method: "sms:+15551230000".to_owned(),
            priority: "high".to_owned(),
            options: Vec::new(),
            text: "Look".to_owned(),
            message: Some("Subject: café\r\n\r\nHello\r\n".into()),
        };
        let event = Event {
            id: EventId { relay: RelayId(1), sequence: 2 },
            taken_at: UnixMillis(3),
            notification: Notification::Sieve(Box::new(notification)),
        };
        let shown = content(&codec::encode(&event, codec::Form::MessagePack).unwrap());
        assert!(shown.contains(r#""message": "Subject: café\r\n\r\nHello\r\n""#), "{shown}");
        assert_eq!(serde_json::from_str::<Event>(&shown).unwrap(), event);
    }

    #[test]
    fn ages_are_told_in_their_unit() {
        for (seconds, told) in [(5, "5s"), (3599, "59m"), (86_399, "23h"), (200_000, "2d")] {
            assert_eq!(letter(false).age(at(seconds)), told);
        }
        assert_eq!(letter(false).age(UNIX_EPOCH), "0s", "a clock that is behind");
    }

    #[test]
    fn an_order_is_read_as_it_was_given() {
        let request = Request::Show { group: "g".to_owned(), number: 1, content: true };
        assert_eq!(request.to_octets(), br#"{"do":"show","group":"g","number":1,"content":true}"#);
        assert_eq!(serde_json::from_slice::<Request>(&request.to_octets()).unwrap(), request);
    }
}
