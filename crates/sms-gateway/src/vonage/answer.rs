//! What Vonage's answers mean (developer.vonage.com/en/api-errors/sms). The status of HTTP is always 200; each part of
//! the message has one of its own.

use serde::Deserialize;

use crate::{
    Outcome, Refusal,
    exchange::{Answer, accepted, by_status},
};

#[derive(Debug, Deserialize)]
struct Said {
    messages: Vec<Part>,
}

#[derive(Debug, Deserialize)]
struct Part {
    status: String,
    #[serde(rename = "message-id")]
    id: Option<String>,
}

/// Vonage's number of the first part that was not taken, if there is one, and what is known of the message.
pub fn outcome(answer: &Answer) -> (Option<u32>, Outcome) {
    if !answer.status.is_success() {
        let other = Outcome::Refused { reason: Refusal::Other };
        return (None, by_status(answer).unwrap_or(other));
    }
    let Ok(said) = serde_json::from_slice::<Said>(&answer.body) else { return (None, Outcome::Unknown) };
    let codes: Option<Vec<u32>> = said.messages.iter().map(|part| part.status.parse().ok()).collect();
    let Some(codes) = codes else { return (None, Outcome::Unknown) };
    let first = codes.iter().copied().find(|code| *code != 0);
    (first, of_parts(&said.messages, &codes))
}

/// Where one part is taken the message is paid for and must not be sent again, whatever became of the others: the
/// count says how much was taken. Else one part in doubt leaves the message in doubt.
fn of_parts(parts: &[Part], codes: &[u32]) -> Outcome {
    let taken = codes.iter().filter(|code| **code == 0).count();
    if taken > 0 {
        let id = parts.iter().zip(codes).find_map(|(part, code)| (*code == 0).then(|| part.id.clone())?);
        return accepted(id, u32::try_from(taken).ok());
    }
    let mut outcomes: Vec<_> = codes.iter().map(|code| meaning(*code)).collect();
    let doubtful = outcomes.contains(&Outcome::Unknown);
    // No part at all is no answer.
    if doubtful || outcomes.is_empty() { Outcome::Unknown } else { outcomes.swap_remove(0) }
}

/// The table. A status other than 0 is of a part that was not taken, but for 5, which says nothing of when it failed.
fn meaning(code: u32) -> Outcome {
    let reason = match code {
        // Throttled, too many connections.
        1 | 10 => return Outcome::Later,
        5 => return Outcome::Unknown,
        9 => return Outcome::NoFunds,
        // Credentials, account suspended or not for HTTP, signature, callback URL, way of signing.
        4 | 8 | 11 | 14 | 23 | 32 => return Outcome::Misconfigured,
        // "Invalid message" is an unknown prefix of a number; 33 one that is no longer in use.
        6 | 33 => Refusal::Number,
        // Barred, or not on the list of a trial account.
        7 | 29 => Refusal::Blocked,
        12 => Refusal::Text,
        15 => Refusal::Sender,
        // 2 and 3, missing and invalid parameters; 22, the network; and what is not known.
        _ => Refusal::Other,
    };
    Outcome::Refused { reason }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn answer(status: u16, body: &str) -> Outcome {
        let status = StatusCode::from_u16(status).unwrap();
        outcome(&Answer { status, retry_after: None, body: body.into() }).1
    }

    fn parts(codes: &[u32]) -> Outcome {
        let part = |(nth, code)| match code {
            0 => format!(r#"{{"status": "0", "message-id": "id-{nth}", "message-price": "0.03"}}"#),
            code => format!(r#"{{"status": "{code}", "error-text": "x"}}"#),
        };
        let parts: Vec<_> = codes.iter().copied().enumerate().map(part).collect();
        answer(200, &format!(r#"{{"message-count": "{}", "messages": [{}]}}"#, codes.len(), parts.join(",")))
    }

    #[test]
    fn every_documented_status_has_its_meaning() {
        let refused = |reason| Outcome::Refused { reason };
        for (code, meaning) in [
            (1, Outcome::Later),
            (2, refused(Refusal::Other)),
            (3, refused(Refusal::Other)),
            (4, Outcome::Misconfigured),
            (5, Outcome::Unknown),
            (6, refused(Refusal::Number)),
            (7, refused(Refusal::Blocked)),
            (8, Outcome::Misconfigured),
            (9, Outcome::NoFunds),
            (10, Outcome::Later),
            (11, Outcome::Misconfigured),
            (12, refused(Refusal::Text)),
            (14, Outcome::Misconfigured),
            (15, refused(Refusal::Sender)),
            (22, refused(Refusal::Other)),
            (23, Outcome::Misconfigured),
            (29, refused(Refusal::Blocked)),
            (32, Outcome::Misconfigured),
            (33, refused(Refusal::Number)),
            (99, refused(Refusal::Other)),
        ] {
            assert_eq!(parts(&[code]), meaning, "{code}");
            assert_eq!(parts(&[code, code]), meaning, "{code} twice");
        }
    }

    #[test]
    fn every_part_counts() {
        let accepted = |id: &str, segments| Outcome::Accepted { id: id.into(), segments: Some(segments) };
        assert_eq!(parts(&[0]), accepted("id-0", 1));
        assert_eq!(parts(&[0, 0, 0]), accepted("id-0", 3));
        assert_eq!(parts(&[9, 0, 0]), accepted("id-1", 2));
        assert_eq!(parts(&[0, 1]), accepted("id-0", 1));
        assert_eq!(parts(&[1, 5]), Outcome::Unknown);
        assert_eq!(parts(&[]), Outcome::Unknown);
    }

    #[test]
    fn what_cannot_be_read_is_not_known() {
        for body in
            ["", "{}", "<html>", r#"{"messages": [{"status": "ok"}]}"#, r#"{"messages": [{"status": "0"}]}"#]
        {
            assert_eq!(answer(200, body), Outcome::Unknown, "{body}");
        }
        assert_eq!(answer(401, ""), Outcome::Misconfigured);
        assert_eq!(answer(429, ""), Outcome::Later);
        assert_eq!(answer(502, ""), Outcome::Unknown);
        assert_eq!(answer(422, ""), Outcome::Refused { reason: Refusal::Other });
    }
}
