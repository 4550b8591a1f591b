//! What is posted: the form that Standard Webhooks advises (`type`, `timestamp`, `data`). The same at every attempt.

use jiff::Timestamp;
use mailbox_event::UnixMillis;
use serde::Serialize;

use crate::sieve::Taken;

/// Characters of a script's text. What is posted is news, not the message.
const MOST_TEXT: usize = 4_000;

/// The body of a POST.
#[derive(Clone, Serialize)]
pub(crate) struct Payload<'a> {
    /// When the mail server said it; RFC 3339, UTC.
    #[serde(serialize_with = "rfc_3339")]
    pub(crate) timestamp: UnixMillis,
    #[serde(flatten)]
    pub(crate) news: News<'a>,
}

/// What there is to tell.
#[derive(Clone, Serialize)]
#[serde(tag = "type", content = "data")]
pub(crate) enum News<'a> {
    /// A script notifies.
    #[serde(rename = "sieve.notification")]
    Notification {
        /// Whose script.
        user: &'a str,
        /// `high`, `normal` or `low`.
        importance: &'static str,
        /// The script's words, or the summary that it asks for.
        #[serde(serialize_with = "cut")]
        text: Option<&'a str>,
        /// The message: a name or an address.
        sender: &'a str,
        subject: &'a str,
        message_id: Option<&'a str>,
    },
    /// So many more notifications were over a budget.
    #[serde(rename = "sieve.more")]
    More { user: &'a str, count: u64 },
}

impl<'a> Payload<'a> {
    /// Of what a script asks for, with the text that it is to have.
    pub(crate) fn of(taken: &'a Taken, text: &'a str) -> Self {
        let news = News::Notification {
            user: taken.owner.as_str(),
            importance: importance(&taken.priority),
            text: Some(text).filter(|text| !text.is_empty()),
            sender: &taken.facts.sender,
            subject: &taken.facts.subject,
            message_id: taken.facts.message_id.as_deref(),
        };
        Self { timestamp: taken.at, news }
    }

    pub(crate) fn to_octets(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers are JSON")
    }
}

/// RFC 5435 §3.4, in Cyrus' words; anything else is normal.
fn importance(priority: &str) -> &'static str {
    match priority.to_ascii_lowercase().as_str() {
        "high" => "high",
        "low" => "low",
        _ => "normal",
    }
}

fn rfc_3339<S: serde::Serializer>(at: &UnixMillis, serializer: S) -> Result<S::Ok, S::Error> {
    let at = i64::try_from(at.0).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    serializer.collect_str(&at.unwrap_or(Timestamp::UNIX_EPOCH))
}

fn cut<S: serde::Serializer>(text: &Option<&str>, serializer: S) -> Result<S::Ok, S::Error> {
    let cut = text.map(|text| text.char_indices().nth(MOST_TEXT).map_or(text, |(end, _)| &text[..end]));
    cut.serialize(serializer)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn body(news: News<'_>) -> Value {
        let payload = Payload { timestamp: UnixMillis(1_795_356_000_123), news };
        serde_json::from_slice(&payload.to_octets()).unwrap()
    }

    #[test]
    fn body_is_as_the_documentation_shows_it() {
        let notification = News::Notification {
            user: "alice@example.org",
            importance: importance("HIGH"),
            text: Some("Lunch?"),
            sender: "Robert Norris",
            subject: "lunch",
            message_id: Some("1@example.org"),
        };
        let expected = json!({"type": "sieve.notification", "timestamp": "2026-11-22T14:00:00.123Z", "data": {
            "user": "alice@example.org", "importance": "high", "text": "Lunch?", "sender": "Robert Norris",
            "subject": "lunch", "message_id": "1@example.org"}});
        assert_eq!(body(notification), expected);
        let more = body(News::More { user: "alice@example.org", count: 5 });
        assert_eq!((&more["type"], &more["data"]["count"]), (&json!("sieve.more"), &json!(5)));
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let text = "é".repeat(MOST_TEXT + 1);
        let news = News::Notification {
            user: "a",
            importance: importance("urgent"),
            text: Some(&text),
            sender: "",
            subject: "",
            message_id: None,
        };
        let body = body(news);
        assert_eq!(body["data"]["text"].as_str().unwrap().chars().count(), MOST_TEXT);
        assert_eq!(body["data"]["importance"], "normal");
    }
}
