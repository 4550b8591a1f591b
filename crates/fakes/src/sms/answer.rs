//! What each form answers.

use serde_json::{Value, json};

use super::{Form, TextMessage};

/// A status of HTTP and a body.
pub type Answer = (u16, Value);

/// Taken.
pub fn taken(message: &TextMessage, account: &str) -> Answer {
    let TextMessage { ids, to, from, text, segments, reference, .. } = message;
    let first = ids.first();
    match message.form {
        Form::Twilio => (
            201,
            json!({"sid": first, "account_sid": account, "to": to, "from": from, "body": text, "status": "queued",
                "num_segments": segments.to_string(), "error_code": null, "error_message": null,
                "direction": "outbound-api", "api_version": "2010-04-01"}),
        ),
        Form::Vonage => {
            let part = |id| {
                json!({"to": to, "message-id": id, "status": "0", "remaining-balance": "10.0", "message-price": "0.03",
                    "network": "00101", "client-ref": reference})
            };
            let parts: Vec<_> = ids.iter().map(part).collect();
            (200, json!({"message-count": parts.len().to_string(), "messages": parts}))
        }
        Form::Webhook => (200, json!({"id": first, "segments": segments})),
    }
}

/// Why a message is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Stranger,
    Incomplete,
    Throttled,
    Refused,
    NoFunds,
}

/// Not taken, in the words of the provider.
pub fn refused(form: Form, why: Why) -> Answer {
    let twilio = |status: u16, code: u32, message: &str| {
        let more_info = format!("https://www.twilio.com/docs/errors/{code}");
        (status, json!({"status": status, "code": code, "message": message, "more_info": more_info}))
    };
    let vonage = |code: u32, text: &str| {
        let part = json!({"status": code.to_string(), "error-text": text});
        (200, json!({"message-count": "1", "messages": [part]}))
    };
    match (form, why) {
        (Form::Twilio, Why::Stranger) => twilio(401, 20003, "Authenticate"),
        (Form::Twilio, Why::Incomplete) => twilio(400, 21604, "A 'To' phone number is required."),
        (Form::Twilio, Why::Throttled) => twilio(429, 20429, "Too Many Requests"),
        (Form::Twilio, Why::Refused) => twilio(400, 21614, "'To' number is not a valid mobile number"),
        (Form::Twilio, Why::NoFunds) => twilio(403, 20005, "Account not active"),
        (Form::Vonage, Why::Stranger) => vonage(4, "Bad Credentials"),
        (Form::Vonage, Why::Incomplete) => vonage(2, "Missing parameters"),
        (Form::Vonage, Why::Throttled) => vonage(1, "Throughput Rate Exceeded"),
        (Form::Vonage, Why::Refused) => vonage(6, "Unroutable Message"),
        (Form::Vonage, Why::NoFunds) => vonage(9, "Quota Exceeded"),
        (Form::Webhook, Why::Stranger) => (401, json!({})),
        (Form::Webhook, Why::Incomplete) => (400, json!({})),
        (Form::Webhook, Why::Throttled) => (429, json!({})),
        (Form::Webhook, Why::Refused) => (422, json!({"reason": "number"})),
        (Form::Webhook, Why::NoFunds) => (402, json!({})),
    }
}
