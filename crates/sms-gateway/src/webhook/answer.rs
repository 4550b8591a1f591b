//! What the answers of a gateway of one's own mean (`docs/sms-webhook.md`).

use http::StatusCode;
use serde::Deserialize;

use crate::{
    Outcome, Refusal,
    exchange::{Answer, accepted, by_status},
};

#[derive(Debug, Default, Deserialize)]
struct Said {
    id: Option<String>,
    segments: Option<u32>,
    reason: Option<String>,
}

/// What is known of the message with this reference.
pub fn outcome(answer: &Answer, reference: &str) -> Outcome {
    // What cannot be read says nothing more than the status.
    let said: Said = serde_json::from_slice(&answer.body).unwrap_or_default();
    match answer.status {
        // Done before: whoever does not remember under which name has none better than ours.
        StatusCode::CONFLICT => accepted(said.id.or_else(|| Some(reference.to_owned())), said.segments),
        status if status.is_success() => accepted(said.id, said.segments),
        StatusCode::PAYMENT_REQUIRED => Outcome::NoFunds,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => Outcome::Later,
        _ => by_status(answer).unwrap_or(Outcome::Refused { reason: reason(said.reason.as_deref()) }),
    }
}

fn reason(word: Option<&str>) -> Refusal {
    match word {
        Some("number") => Refusal::Number,
        Some("opted-out") => Refusal::OptedOut,
        Some("country") => Refusal::Country,
        Some("blocked") => Refusal::Blocked,
        Some("text") => Refusal::Text,
        Some("sender") => Refusal::Sender,
        _ => Refusal::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Outcome {
        let status = StatusCode::from_u16(status).unwrap();
        outcome(&Answer { status, retry_after: None, body: body.into() }, "ab12")
    }

    #[test]
    fn every_answer_of_the_contract_has_its_meaning() {
        let accepted = |id: &str, segments| Outcome::Accepted { id: id.into(), segments };
        let refused = |reason| Outcome::Refused { reason };
        for (status, body, meaning) in [
            (200, r#"{"id": "m1", "segments": 2}"#, accepted("m1", Some(2))),
            (202, r#"{"id": "m1"}"#, accepted("m1", None)),
            (200, r#"{"id": ""}"#, Outcome::Unknown),
            (200, "", Outcome::Unknown),
            (204, "", Outcome::Unknown),
            (409, r#"{"id": "m1"}"#, accepted("m1", None)),
            (409, "", accepted("ab12", None)),
            (402, "", Outcome::NoFunds),
            (408, "", Outcome::Later),
            (425, "", Outcome::Later),
            (429, "", Outcome::Later),
            (401, "", Outcome::Misconfigured),
            (403, "", Outcome::Misconfigured),
            (404, "", Outcome::Misconfigured),
            (301, "", Outcome::Misconfigured),
            (500, "", Outcome::Unknown),
            (503, "", Outcome::Unknown),
            (400, "", refused(Refusal::Other)),
            (422, r#"{"reason": "number"}"#, refused(Refusal::Number)),
            (422, r#"{"reason": "opted-out"}"#, refused(Refusal::OptedOut)),
            (422, r#"{"reason": "country"}"#, refused(Refusal::Country)),
            (422, r#"{"reason": "blocked"}"#, refused(Refusal::Blocked)),
            (422, r#"{"reason": "text"}"#, refused(Refusal::Text)),
            (422, r#"{"reason": "sender"}"#, refused(Refusal::Sender)),
            (422, r#"{"reason": "else"}"#, refused(Refusal::Other)),
        ] {
            assert_eq!(answer(status, body), meaning, "{status} {body}");
        }
    }
}
