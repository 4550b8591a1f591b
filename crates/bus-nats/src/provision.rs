//! Makes of a NATS what we need: looks what it is, and makes or migrates every stream. Done again on each connection, for
//! the server may be another one.

use async_nats::{
    ServerInfo,
    jetstream::{ErrorCode, stream::Config},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    NatsSettings,
    call::Caller,
    error::{ApiError, CallError, Refusal},
    streams::streams,
    subjects::Names,
};

mod difference;

use difference::Difference;

/// The oldest server that was tried: Debian 12's.
const LEAST: (&str, [u64; 3]) = ("2.9.10", [2, 9, 10]);

/// Octets of headers beside a payload: ids, a topic and keys of ours, and what NATS adds.
const HEADERS: usize = 16 << 10;

/// Why a NATS is not ready.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReady {
    /// A person must act.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Try again.
    #[error(transparent)]
    Away(#[from] CallError),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Refused { error: ApiError },
    Stream { config: Box<Config> },
}

/// Refuses a server that lacks what we need.
pub(crate) fn check_server(server: &ServerInfo, settings: &NatsSettings) -> Result<(), Refusal> {
    let (least, numbers) = LEAST;
    if version(&server.version).is_none_or(|found| found < numbers) {
        return Err(Refusal::TooOld { found: server.version.clone(), least });
    }
    if !server.jetstream || !server.headers {
        return Err(Refusal::NoJetStream);
    }
    let least = settings.bounds.largest_value.saturating_add(HEADERS);
    if server.max_payload < least {
        return Err(Refusal::SmallPayload { found: server.max_payload, least });
    }
    Ok(())
}

/// The three numbers of a version, whatever follows them.
fn version(text: &str) -> Option<[u64; 3]> {
    let numbers = text.split(['-', '+']).next()?;
    let mut numbers = numbers.trim_start_matches('v').split('.').map(|number| number.parse().ok());
    Some([numbers.next()??, numbers.next()??, numbers.next()??])
}

/// Makes or migrates every stream.
pub(crate) async fn provision(
    caller: &Caller,
    settings: &NatsSettings,
    names: &Names,
) -> Result<(), NotReady> {
    for wanted in streams(settings, names) {
        provision_one(caller, wanted).await?;
    }
    Ok(())
}

async fn provision_one(caller: &Caller, wanted: Config) -> Result<(), NotReady> {
    let found = match ask(caller, "INFO", &wanted.name, &()).await {
        Ok(found) => found,
        Err(CallError::Refused { code, .. }) if code == ErrorCode::STREAM_NOT_FOUND.0 => {
            return make(caller, &wanted).await;
        }
        Err(error) => return Err(judge(error, &wanted.name)),
    };
    match difference::between(&found, &wanted) {
        Difference::None => Ok(()),
        Difference::Fixed(what) => Err(Refusal::Differs { stream: wanted.name, what }.into()),
        Difference::Changed(next) => {
            ask(caller, "UPDATE", &next.name, &*next).await.map_err(|error| judge(error, &next.name))?;
            tracing::info!(stream = wanted.name, "Stream is migrated");
            Ok(())
        }
    }
}

async fn make(caller: &Caller, wanted: &Config) -> Result<(), NotReady> {
    match ask(caller, "CREATE", &wanted.name, wanted).await {
        Ok(_made) => {
            tracing::info!(stream = wanted.name, "Stream is made");
            Ok(())
        }
        Err(error) => Err(judge(error, &wanted.name)),
    }
}

async fn ask(
    caller: &Caller,
    what: &str,
    stream: &str,
    request: &impl Serialize,
) -> Result<Config, CallError> {
    let request = serde_json::to_vec(request).map_err(|error| CallError::Answer(error.into()))?;
    let answer = caller.call(format!("$JS.API.STREAM.{what}.{stream}"), None, Bytes::from(request)).await?;
    match serde_json::from_slice(&answer.payload).map_err(|error| CallError::Answer(error.into()))? {
        Answer::Stream { config } => Ok(*config),
        Answer::Refused { error } => Err(error.into()),
    }
}

/// What passes by itself: a leader that is being chosen, replicas that are not up yet.
const PASSING: [ErrorCode; 4] = [
    ErrorCode::CLUSTER_NOT_AVAILABLE,
    ErrorCode::CLUSTER_INCOMPLETE,
    ErrorCode::CLUSTER_NOT_LEADER,
    ErrorCode::STREAM_NAME_EXIST,
];

fn judge(error: CallError, stream: &str) -> NotReady {
    match error {
        CallError::Refused { code, .. } if code == ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT.0 => {
            Refusal::NoJetStream.into()
        }
        CallError::Refused { code, description } if !PASSING.iter().any(|passing| passing.0 == code) => {
            Refusal::Stream { stream: stream.to_owned(), description, code }.into()
        }
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(version: &str) -> ServerInfo {
        ServerInfo {
            version: version.to_owned(),
            jetstream: true,
            headers: true,
            max_payload: 1 << 20,
            ..ServerInfo::default()
        }
    }

    fn check(server: &ServerInfo) -> Result<(), Refusal> {
        check_server(server, &NatsSettings::default())
    }

    #[test]
    fn both_servers_that_are_tried_will_do() {
        for version in ["2.9.10", "2.10.0-RC.1", "2.15.1", "v2.11.4+build", "3.0.0"] {
            assert_eq!(check(&server(version)), Ok(()), "{version}");
        }
    }

    #[test]
    fn older_servers_are_refused() {
        for version in ["2.9.9", "2.8.4", "1.4.1", "", "two"] {
            assert!(matches!(check(&server(version)), Err(Refusal::TooOld { .. })), "{version}");
        }
    }

    #[test]
    fn a_server_without_jetstream_is_refused() {
        assert_eq!(check(&ServerInfo { jetstream: false, ..server("2.9.10") }), Err(Refusal::NoJetStream));
    }

    #[test]
    fn a_server_that_takes_less_than_we_send_is_refused() {
        let small = ServerInfo { max_payload: 64 << 10, ..server("2.9.10") };
        assert!(matches!(check(&small), Err(Refusal::SmallPayload { .. })));
    }
}
