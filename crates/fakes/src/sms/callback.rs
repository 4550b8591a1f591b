//! Receipts, each as its provider writes and signs it.

use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::{Account, Form, Status, TextMessage};

/// A receipt that is to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    pub content_type: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// The receipt for one of the message's names. `nth` is its number among all, `now` in seconds since 1970.
pub fn callback(
    message: &TextMessage,
    (id, status): (&str, Status),
    account: &Account,
    (nth, now): (u64, u64),
) -> Callback {
    match message.form {
        Form::Twilio => twilio(message, id, status, account),
        Form::Vonage => vonage(message, id, status, account, (nth, now)),
        Form::Webhook => webhook(message, id, status, account, (nth, now)),
    }
}

fn owned<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn twilio(message: &TextMessage, id: &str, status: Status, account: &Account) -> Callback {
    let word = match status {
        Status::Sent => "sent",
        Status::Delivered => "delivered",
        Status::Undelivered => "undelivered",
    };
    let mut form = owned([
        ("SmsSid", id),
        ("SmsStatus", word),
        ("MessageStatus", word),
        ("To", &message.to),
        ("MessageSid", id),
        ("AccountSid", &account.twilio_sid),
        ("From", &message.from),
        ("ApiVersion", "2010-04-01"),
    ]);
    if status == Status::Undelivered {
        form.extend(owned([("ErrorCode", "30003")]));
    }
    let url = message.callback.as_deref().unwrap_or_default();
    let headers = vec![("x-twilio-signature", account.twilio_signature(url, &form))];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    Callback { content_type: "application/x-www-form-urlencoded; charset=UTF-8", headers, body }
}

fn vonage(
    message: &TextMessage,
    id: &str,
    status: Status,
    account: &Account,
    (nth, now): (u64, u64),
) -> Callback {
    let (word, code) = match status {
        Status::Sent => ("accepted", "0"),
        Status::Delivered => ("delivered", "0"),
        Status::Undelivered => ("failed", "6"),
    };
    let mut fields = owned([
        ("msisdn", &message.to),
        ("to", &message.from),
        ("network-code", "00101"),
        ("messageId", id),
        ("price", "0.03"),
        ("status", word),
        ("scts", "2001011400"),
        ("err-code", code),
        ("api-key", &account.vonage_key),
        ("client-ref", &message.reference),
        ("message-timestamp", "2020-01-01 12:00:00"),
        ("timestamp", &now.to_string()),
        ("nonce", &format!("nonce-{nth}")),
    ]);
    fields.push(("sig".to_owned(), account.vonage_signature(&fields)));
    let object: Map<_, _> = fields.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    Callback {
        content_type: "application/json",
        headers: Vec::new(),
        body: Value::Object(object).to_string(),
    }
}

fn webhook(
    message: &TextMessage,
    id: &str,
    status: Status,
    account: &Account,
    (nth, now): (u64, u64),
) -> Callback {
    let word = match status {
        Status::Sent => "taken",
        Status::Delivered => "delivered",
        Status::Undelivered => "undelivered",
    };
    let body = json!({"reference": message.reference, "id": id, "status": word}).to_string();
    let (name, at) = (format!("receipt-{nth}"), now.to_string());
    let signature = account.webhook_signature(&name, &at, body.as_bytes());
    let headers = vec![("webhook-id", name), ("webhook-timestamp", at), ("webhook-signature", signature)];
    Callback { content_type: "application/json", headers, body }
}
