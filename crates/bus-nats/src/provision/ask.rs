//! What is asked of JetStream about streams, and what its answers mean.

use async_nats::jetstream::{
    ErrorCode,
    stream::{Config, State},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Change, NotReady};
use crate::{
    call::Caller,
    error::{ApiError, CallError, Refusal},
};

/// The streams of a server.
pub(super) struct Streams<'a>(pub(super) &'a Caller);

/// A stream that is there.
#[derive(Debug, Deserialize)]
pub(super) struct Stream {
    pub(super) config: Config,
    pub(super) state: State,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Refused { error: ApiError },
    Stream(Box<Stream>),
}

impl Streams<'_> {
    /// The stream of that name, if there is one.
    pub(super) async fn find(&self, wanted: &Config) -> Result<Option<Stream>, NotReady> {
        match self.ask("INFO", &wanted.name, &()).await {
            Ok(found) => Ok(Some(found)),
            Err(CallError::Refused { code, .. }) if code == ErrorCode::STREAM_NOT_FOUND.0 => Ok(None),
            Err(error) => Err(judge(error, wanted)),
        }
    }

    pub(super) async fn make(&self, wanted: &Config) -> Result<(), NotReady> {
        match self.ask("CREATE", &wanted.name, wanted).await {
            Ok(_made) => {
                tracing::info!(stream = wanted.name, "Stream is made");
                Ok(())
            }
            Err(CallError::Denied(_)) => Err(Refusal::Missing { stream: wanted.name.clone() }.into()),
            Err(error) => Err(judge(error, wanted)),
        }
    }

    /// Gives a stream what `next` says; `changes` are what that changes.
    pub(super) async fn change(&self, next: &Config, changes: &[Change]) -> Result<(), NotReady> {
        match self.ask("UPDATE", &next.name, next).await {
            Ok(_changed) => {
                tracing::info!(stream = next.name, "Stream is changed");
                Ok(())
            }
            Err(CallError::Denied(_)) => {
                let what: Vec<_> = changes.iter().map(|change| change.what).collect();
                Err(Refusal::Outdated { stream: next.name.clone(), what: what.join(", ") }.into())
            }
            Err(error) => Err(judge(error, next)),
        }
    }

    async fn ask(&self, what: &str, stream: &str, request: &impl Serialize) -> Result<Stream, CallError> {
        let request = serde_json::to_vec(request).map_err(|error| CallError::Answer(error.into()))?;
        let answer =
            self.0.call(format!("$JS.API.STREAM.{what}.{stream}"), None, Bytes::from(request)).await?;
        match serde_json::from_slice(&answer.payload).map_err(|error| CallError::Answer(error.into()))? {
            Answer::Stream(stream) => Ok(*stream),
            Answer::Refused { error } => Err(error.into()),
        }
    }
}

/// What passes by itself: a leader that is being chosen, replicas that are not up yet.
const PASSING: [ErrorCode; 4] = [
    ErrorCode::CLUSTER_NOT_AVAILABLE,
    ErrorCode::CLUSTER_INCOMPLETE,
    ErrorCode::CLUSTER_NOT_LEADER,
    ErrorCode::STREAM_NAME_EXIST,
];

pub(super) fn judge(error: CallError, wanted: &Config) -> NotReady {
    let stream = wanted.name.clone();
    match error {
        CallError::Denied(permission) => Refusal::from(permission).into(),
        error if error.is_no_room() => {
            Refusal::SmallStore { stream, octets: wanted.max_bytes.try_into().unwrap_or(0) }.into()
        }
        CallError::Refused { code, .. } if code == ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT.0 => {
            Refusal::NoJetStream.into()
        }
        CallError::Refused { code, description } if !PASSING.iter().any(|passing| passing.0 == code) => {
            Refusal::Stream { stream, description, code }.into()
        }
        error => error.into(),
    }
}
