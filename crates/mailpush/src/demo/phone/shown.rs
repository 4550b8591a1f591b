//! The telephone as the page reads it.

use std::sync::Arc;

use fakes::sms::TextMessage;
use serde::Serialize;
use store::{Credit, Entry};
use wording::sms::{Encoding, Segments};

use super::GRANT;
use crate::demo::stage::NUMBER;

/// Most texts in one answer: the page shows as many.
const MOST_SHOWN: usize = 8;

/// `/demo/phone.json`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    number: &'static str,
    /// Texts since the start.
    count: u64,
    /// Segments that can still be paid for.
    available: u64,
    /// Segments of texts that are on their way.
    reserved: u64,
    /// Segments of one grant.
    grant: u32,
    /// Whether a text was not sent for want of credit, and the mail that says so has come.
    has_ended: bool,
    /// Newest first.
    texts: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Row {
    id: String,
    from: String,
    /// The text, cut where it is on the air.
    parts: Vec<String>,
    alphabet: &'static str,
    /// What the ledger says that it cost; nothing for a text of long ago.
    price: Option<u64>,
}

impl Shown {
    /// What there is to see. `messages` are those that the gateway took, oldest first, `taken` how many it ever took.
    pub fn of(
        messages: &[Arc<TextMessage>],
        taken: u64,
        credit: Credit,
        entries: &[Entry],
        has_ended: bool,
    ) -> Self {
        Self {
            number: NUMBER,
            count: taken,
            available: credit.available,
            reserved: credit.reserved,
            grant: GRANT,
            has_ended,
            texts: messages.iter().rev().take(MOST_SHOWN).map(|message| Row::of(message, entries)).collect(),
        }
    }
}

impl Row {
    fn of(message: &TextMessage, entries: &[Entry]) -> Self {
        let reserved = |entry: &&Entry| entry.kind == "reserve" && entry.reference == message.reference;
        let price = entries.iter().find(reserved).map(|entry| entry.available_change.unsigned_abs());
        let alphabet = match Segments::of(&message.text).encoding {
            Encoding::Gsm7 => "GSM 7-bit",
            Encoding::Ucs2 => "UCS-2",
        };
        Self {
            id: message.reference.clone(),
            from: message.from.clone(),
            parts: Segments::cut(&message.text).into_iter().map(str::to_owned).collect(),
            alphabet,
            price,
        }
    }
}

#[cfg(test)]
mod tests {
    use fakes::sms::Form;
    use mailbox_event::UnixMillis;

    use super::*;

    #[test]
    fn texts_have_their_parts_and_what_the_ledger_says_they_cost() {
        let message = |reference: &str, text: &str| {
            Arc::new(TextMessage {
                form: Form::Webhook,
                reference: reference.to_owned(),
                ids: Vec::new(),
                to: NUMBER.to_owned(),
                from: "Mailbox".to_owned(),
                text: text.to_owned(),
                segments: 1,
                callback: None,
            })
        };
        let entry = |reference: &str, kind: &str, available_change| Entry {
            reference: reference.to_owned(),
            kind: kind.to_owned(),
            user: "alice@example.org".to_owned(),
            available_change,
            reserved_change: 0,
            at: UnixMillis(1),
        };
        let messages = [message("a", "Hello"), message("b", &"😀".repeat(40))];
        let entries = [entry("b", "commit", 0), entry("b", "reserve", -2)];
        let credit = Credit { available: 5, reserved: 0 };
        let shown = serde_json::to_value(Shown::of(&messages, 2, credit, &entries, false)).unwrap();
        let [first, second] = [0, 1].map(|place| &shown["texts"][place]);
        assert_eq!(
            (&first["id"], &first["alphabet"], &first["price"]),
            (&"b".into(), &"UCS-2".into(), &2.into())
        );
        assert_eq!(first["parts"].as_array().unwrap().len(), 2);
        assert_eq!((&second["alphabet"], &second["price"]), (&"GSM 7-bit".into(), &serde_json::Value::Null));
        assert_eq!((&shown["available"], &shown["count"]), (&5.into(), &2.into()));
    }
}
