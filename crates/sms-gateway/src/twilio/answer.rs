//! What Twilio's answers mean (twilio.com/docs/api/errors).

use serde::Deserialize;

use crate::{
    Outcome, Refusal,
    exchange::{Answer, accepted, by_status},
};

#[derive(Debug, Default, Deserialize)]
struct Said {
    sid: Option<String>,
    /// "0" where a messaging service has not chosen a sender yet.
    num_segments: Option<String>,
    code: Option<u32>,
}

/// Twilio's number of an error, if there is one, and what is known of the message.
pub fn outcome(answer: &Answer) -> (Option<u32>, Outcome) {
    // What cannot be read says nothing more than the status.
    let said: Said = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status.is_success() {
        let count = said.num_segments.and_then(|count| count.parse().ok());
        return (None, accepted(said.sid, count.filter(|count| *count > 0)));
    }
    // "A request that receives an error 429 is never processed", whatever its code.
    let by_code = said.code.filter(|_| answer.status.is_client_error() && answer.status != 429);
    let outcome = by_code.and_then(meaning).or_else(|| by_status(answer));
    (said.code, outcome.unwrap_or(Outcome::Refused { reason: Refusal::Other }))
}

/// The table. Codes from 30001 on come with receipts; one that answered a request would mean the same.
fn meaning(code: u32) -> Option<Outcome> {
    let reason = match code {
        // Too many calls, the sender's or the service's queue full, the day's messages sent; phone off.
        14107 | 20429 | 21611 | 30001 | 30003 | 63038 => return Some(Outcome::Later),
        // Not active or suspended: first of all for lack of funds.
        10001 | 20005 | 30002 => return Some(Outcome::NoFunds),
        // Credentials; a sender, callback or messaging service that our account does not have.
        20003 | 20403 | 20404 | 21603 | 21606 | 21609 | 21659 | 21660 | 21701..=21705 | 70051 => {
            return Some(Outcome::Misconfigured);
        }
        // "Unknown error": it was on its way.
        30008 => return Some(Outcome::Unknown),
        21211 | 21214 | 21217 | 21604 | 21614 | 21635 | 30005 | 30006 => Refusal::Number,
        21610 => Refusal::OptedOut,
        21408 => Refusal::Country,
        21608 | 30004 | 30007 => Refusal::Blocked,
        21602 | 21605 | 21617 | 21619 => Refusal::Text,
        21266 | 21612 => Refusal::Sender,
        _ => return None,
    };
    Some(Outcome::Refused { reason })
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn answer(status: u16, body: &str) -> Outcome {
        let status = StatusCode::from_u16(status).unwrap();
        outcome(&Answer { status, retry_after: None, body: body.into() }).1
    }

    fn error(status: u16, code: u32) -> Outcome {
        let body = format!(r#"{{"code": {code}, "message": "x", "more_info": "y", "status": {status}}}"#);
        answer(status, &body)
    }

    #[test]
    fn every_documented_error_has_its_meaning() {
        let refused = |reason| Outcome::Refused { reason };
        for (status, code, meaning) in [
            (429, 20429, Outcome::Later),
            (429, 21611, Outcome::Later),
            (429, 63038, Outcome::Later),
            (400, 30001, Outcome::Later),
            (400, 30003, Outcome::Later),
            (403, 20005, Outcome::NoFunds),
            (403, 10001, Outcome::NoFunds),
            (401, 20003, Outcome::Misconfigured),
            (403, 20403, Outcome::Misconfigured),
            (404, 20404, Outcome::Misconfigured),
            (400, 21606, Outcome::Misconfigured),
            (400, 21660, Outcome::Misconfigured),
            (400, 21211, refused(Refusal::Number)),
            (400, 21614, refused(Refusal::Number)),
            (400, 30005, refused(Refusal::Number)),
            (400, 30006, refused(Refusal::Number)),
            (400, 21610, refused(Refusal::OptedOut)),
            (403, 21408, refused(Refusal::Country)),
            (400, 21612, refused(Refusal::Sender)),
            (400, 30007, refused(Refusal::Blocked)),
            (400, 21617, refused(Refusal::Text)),
            (400, 21602, refused(Refusal::Text)),
            (400, 30008, Outcome::Unknown),
            (400, 99999, refused(Refusal::Other)),
            (403, 99999, Outcome::Misconfigured),
            (500, 20500, Outcome::Unknown),
            (503, 20503, Outcome::Unknown),
            (502, 21211, Outcome::Unknown),
        ] {
            assert_eq!(error(status, code), meaning, "{status} {code}");
        }
    }

    #[test]
    fn what_is_created_is_accepted_and_what_cannot_be_read_is_not_known() {
        let created = r#"{"sid": "SM12", "num_segments": "2", "status": "queued", "error_code": null}"#;
        assert_eq!(answer(201, created), Outcome::Accepted { id: "SM12".into(), segments: Some(2) });
        let by_service = r#"{"sid": "SM12", "num_segments": "0", "status": "accepted"}"#;
        assert_eq!(answer(201, by_service), Outcome::Accepted { id: "SM12".into(), segments: None });
        for body in ["", "{}", "<html>", r#"{"sid": 5}"#] {
            assert_eq!(answer(201, body), Outcome::Unknown, "{body}");
        }
        assert_eq!(answer(400, "<html>"), Outcome::Refused { reason: Refusal::Other });
        assert_eq!(answer(302, ""), Outcome::Misconfigured);
        assert_eq!(answer(408, ""), Outcome::Unknown);
    }
}
