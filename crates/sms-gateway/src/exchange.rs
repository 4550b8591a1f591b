//! One request, one answer of bounded size, and what is known when there is none.

use std::time::Duration;

use http::{StatusCode, header::RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, redirect::Policy, retry};

use tracing::{debug, error, warn};

use crate::{Answered, Outcome, Provider, Settings, receipt::LONGEST_ID};

/// Answers are a few hundred octets; a long text in many parts comes to some thousand.
const LONGEST_ANSWER: usize = 64 << 10;

/// A connection that the provider closes while a request is on its way leaves a message in doubt. Servers keep idle
/// connections for 5 s and more, so we let go of them before.
const IDLE: Duration = Duration::from_secs(4);

/// A provider that wants us to wait for longer is asked again all the same: texts are of no use after a few hours.
const LONGEST_WAIT: u64 = 3_600;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// How long to wait, where the answer says so in seconds. A date is not read: nobody here sends one.
    pub retry_after: Option<Duration>,
    /// The body, empty where it was too long or lost on its way.
    pub body: Vec<u8>,
}

/// A client that does what it is told once: no redirects, no proxy of the environment, no second try. HTTP/1, so that a
/// broken connection leaves one message in doubt and not all that share it.
pub fn client(settings: &Settings) -> reqwest::Result<Client> {
    kit::tls::install();
    let client = Client::builder().redirect(Policy::none()).no_proxy().retry(retry::never()).http1_only();
    let client = client.pool_idle_timeout(IDLE).user_agent(concat!("mailpush/", env!("CARGO_PKG_VERSION")));
    client.connect_timeout(settings.connect_timeout).timeout(settings.timeout).build()
}

/// Sends a request and reads the answer; if there is none, what is known then.
async fn exchange(request: RequestBuilder) -> Result<Answer, Outcome> {
    match request.send().await {
        Ok(response) => Ok(read(response).await),
        // Without a connection, or without TLS on it, not an octet of the request has left.
        Err(error) => {
            let outcome = if error.is_connect() { Outcome::GatewayAway } else { Outcome::Unknown };
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
    let (status, retry_after) = (response.status(), wait(&response));
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.transpose() {
        match part {
            Ok(part) if body.len() + part.len() <= LONGEST_ANSWER => body.extend_from_slice(&part),
            _ => return Answer { status, retry_after, body: Vec::new() },
        }
    }
    Answer { status, retry_after, body }
}

fn wait(response: &Response) -> Option<Duration> {
    let seconds: u64 = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds.min(LONGEST_WAIT)))
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
