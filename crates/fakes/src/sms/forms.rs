//! What each form asks for.

use hyper::{HeaderMap, Method};
use serde_json::Value;
use url::form_urlencoded;

use super::{Account, Form, TextMessage, segments};

/// A call that came in.
#[derive(Debug)]
pub struct Call<'a> {
    pub method: &'a Method,
    pub path: &'a str,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
    /// Seconds since 1970.
    pub now: u64,
}

/// What a call is.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// To take this message; it has no names yet.
    Take(TextMessage),
    /// Nobody known asks in this form.
    Stranger(Form),
    /// Something is missing in this form.
    Incomplete(Form),
    /// No such place.
    Nowhere,
}

/// Twilio's is `/2010-04-01/Accounts/{sid}/Messages.json`, Vonage's `/sms/json`, the signed one `/sms`.
pub fn read(call: &Call<'_>, account: &Account) -> Asked {
    let sid =
        call.path.strip_prefix("/2010-04-01/Accounts/").and_then(|rest| rest.strip_suffix("/Messages.json"));
    match (call.method, call.path, sid) {
        (&Method::POST, _, Some(sid)) => twilio(call, account, sid),
        (&Method::POST, "/sms/json", _) => vonage(call, account),
        (&Method::POST, "/sms", _) => webhook(call, account),
        _ => Asked::Nowhere,
    }
}

impl Call<'_> {
    fn field(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

fn form(body: &[u8], name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(body);
    pairs
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.into_owned())
        .filter(|value| !value.is_empty())
}

fn take(form: Form, told: [Option<String>; 3], reference: String, callback: Option<String>) -> Asked {
    let [Some(to), Some(from), Some(text)] = told else { return Asked::Incomplete(form) };
    let segments = segments(&text);
    Asked::Take(TextMessage { form, reference, ids: Vec::new(), to, from, text, segments, callback })
}

fn twilio(call: &Call<'_>, account: &Account, sid: &str) -> Asked {
    let Account { twilio_sid, twilio_token, .. } = account;
    if sid != twilio_sid || !Account::is_basic(call.field("authorization"), twilio_sid, twilio_token) {
        return Asked::Stranger(Form::Twilio);
    }
    let field = |name| form(call.body, name);
    let callback = field("StatusCallback");
    let query = callback.as_deref().and_then(|url| url.split_once('?')).map_or("", |(_, query)| query);
    let reference = form(query.as_bytes(), "reference").unwrap_or_default();
    let from = field("From").or_else(|| field("MessagingServiceSid"));
    take(Form::Twilio, [field("To"), from, field("Body")], reference, callback)
}

fn vonage(call: &Call<'_>, account: &Account) -> Asked {
    let Account { vonage_key, vonage_secret, .. } = account;
    if !Account::is_basic(call.field("authorization"), vonage_key, vonage_secret) {
        return Asked::Stranger(Form::Vonage);
    }
    let field = |name| form(call.body, name);
    let reference = field("client-ref").unwrap_or_default();
    take(Form::Vonage, [field("to"), field("from"), field("text")], reference, field("callback"))
}

fn webhook(call: &Call<'_>, account: &Account) -> Asked {
    let head = [call.field("webhook-id"), call.field("webhook-timestamp"), call.field("webhook-signature")];
    let [Some(id), Some(timestamp), Some(signature)] = head else { return Asked::Stranger(Form::Webhook) };
    let is_now = timestamp.parse::<u64>().is_ok_and(|at| call.now.abs_diff(at) <= 300);
    if !is_now || account.webhook_signature(id, timestamp, call.body) != signature {
        return Asked::Stranger(Form::Webhook);
    }
    let message: Value = serde_json::from_slice(call.body).unwrap_or_default();
    let text = |name: &str| message[name].as_str().map(str::to_owned);
    match (text("reference"), call.field("idempotency-key")) {
        (Some(reference), Some(key)) if reference == key && key == id => {
            take(Form::Webhook, [text("to"), text("from"), text("text")], reference, text("receipts"))
        }
        _ => Asked::Incomplete(Form::Webhook),
    }
}
