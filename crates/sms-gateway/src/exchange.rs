//! One request, one answer of bounded size, and what is known when there is none.

use std::time::Duration;

use http::StatusCode;
use reqwest::{Client, RequestBuilder, Response};
use tracing::{debug, error, warn};

use crate::{Answered, Outcome, Provider, Settings, call, receipt::LONGEST_ID};

/// Answers are a few hundred octets; a long text in many parts comes to some thousand.
const LONGEST_ANSWER: usize = 64 << 10;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// How long to wait, where the answer says so.
    pub retry_after: Option<Duration>,
    /// The body, empty where it was too long or lost on its way.
    pub body: Vec<u8>,
}

/// A client with the timeouts of `settings`.
pub fn client(settings: &Settings) -> reqwest::Result<Client> {
    call::client().connect_timeout(settings.connect_timeout).timeout(settings.timeout).build()
}

/// Sends a request and reads the answer; if there is none, what is known then.
async fn exchange(request: RequestBuilder) -> Result<Answer, Outcome> {
    match request.send().await {
        Ok(response) => Ok(read(response).await),
        Err(error) => {
            let outcome = call::obstacle(&error).map_or(Outcome::Unknown, |_| Outcome::GatewayAway);
            // URLs hold the name of the account.
            let why = kit::config::chain(&error.without_url());
            warn!(error = why, ?outcome, "SMS gateway gives no answer");
            Err(outcome)
        }
    }
}

/// Asks `provider` once to take a message. `read` says of an answer the provider's own number, and what is known then.
pub async fn ask(
    provider: Provider,
    request: RequestBuilder,
    read: impl FnOnce(&Answer) -> (Option<u32>, Outcome) + Send,
) -> Answered {
    let answer = match exchange(request).await {
        Ok(answer) => answer,
        Err(outcome) => return Answered { outcome, wait: None },
    };
    let (code, outcome) = read(&answer);
    log(provider, &answer, code, &outcome);
    let is_for_now = matches!(outcome, Outcome::Later | Outcome::Unknown);
    Answered { outcome, wait: answer.retry_after.filter(|_| is_for_now) }
}

/// Logs an answer that is more than a matter of one message: a person must act, and wants the provider's own number.
fn log(provider: Provider, answer: &Answer, code: Option<u32>, outcome: &Outcome) {
    let (provider, status) = (provider.as_str(), answer.status.as_u16());
    match outcome {
        Outcome::NoFunds | Outcome::Misconfigured => {
            error!(provider, status, code, ?outcome, "SMS gateway refuses our account");
        }
        Outcome::Accepted { .. } => {}
        _ => debug!(provider, status, code, ?outcome, "SMS gateway does not take a message"),
    }
}

async fn read(mut response: Response) -> Answer {
    let (status, retry_after) = (response.status(), call::wait(response.headers()));
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.transpose() {
        match part {
            Ok(part) if body.len() + part.len() <= LONGEST_ANSWER => body.extend_from_slice(&part),
            _ => return Answer { status, retry_after, body: Vec::new() },
        }
    }
    Answer { status, retry_after, body }
}

/// What a status says by itself, whoever gives it; nothing where the body decides.
pub fn by_status(answer: &Answer) -> Option<Outcome> {
    match answer.status.as_u16() {
        429 => Some(Outcome::Later),
        // Not the URL of the service, or not our account.
        300..=399 | 401 | 403 | 404 | 405 | 407 | 410 => Some(Outcome::Misconfigured),
        // Who says 408 or 5xx may stand before the one who took the message.
        408 | 500.. => Some(Outcome::Unknown),
        _ => None,
    }
}

/// Taken under this name. Without a name, or with one that nobody would keep, the answer is not clear.
pub fn accepted(id: Option<String>, segments: Option<u32>) -> Outcome {
    let id = id.filter(|id| (1..=LONGEST_ID).contains(&id.len()));
    id.map_or(Outcome::Unknown, |id| Outcome::Accepted { id, segments })
}
