//! What can go wrong between a node and NATS.

use async_nats::jetstream::ErrorCode;
use bus::{BusError, PutError};
use serde::Deserialize;

use crate::trouble::{Action, Permission, Unreachable};

/// Why a NATS cannot be used: a person must act. Found as the source of [`BusError::Unusable`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The settings do not say which server, or who we are.
    #[error("settings cannot be used: {0}")]
    Settings(String),
    /// The server does not let us in.
    #[error("server refused our credentials")]
    Credentials,
    /// The server lacks what we need, or would ignore it in silence.
    #[error("server has version {found}, and at least {least} is needed")]
    TooOld {
        /// What it says it is.
        found: String,
        /// The oldest that is known to do.
        least: &'static str,
    },
    /// JetStream is off, in the server or for our account.
    #[error("server has no JetStream for us")]
    NoJetStream,
    /// The server takes smaller messages than we may send.
    #[error("server takes messages of {found} octets, and at least {least} are needed")]
    SmallPayload {
        /// Its `max_payload`.
        found: usize,
        /// The largest value and its headers.
        least: usize,
    },
    /// The server does not let us send or hear what we have to.
    #[error("permission is missing in NATS: {action} to {subjects:?}")]
    Permission {
        /// To do what.
        action: Action,
        /// Where, as it is written in NATS' files; no account.
        subjects: String,
    },
    /// The user of an order is not the operator's: he may not hear the answers.
    #[error("user of NATS may not hear answers to {inbox}: give the section bus the user of the operator")]
    NotOperator {
        /// The first token of the subjects of answers.
        inbox: String,
    },
    /// A stream of our name has what cannot be changed.
    #[error("stream {stream} has another {what}, which cannot be changed")]
    Differs {
        /// Its name.
        stream: String,
        /// The setting.
        what: &'static str,
    },
    /// A stream is not as this release needs it, and changing it is an operator's right.
    #[error(
        "stream {stream} has another {what} than is needed, and we may not change it: run mailpush provision"
    )]
    Outdated {
        /// Its name.
        stream: String,
        /// The settings.
        what: String,
    },
    /// A stream is not there, and making it is an operator's right.
    #[error("stream {stream} is not there, and we may not make it: run mailpush provision")]
    Missing {
        /// Its name.
        stream: String,
    },
    /// The server, or our account in it, has too little room for a stream.
    #[error(
        "server has no room for stream {stream} of {octets} octets: enlarge max_file_store of NATS or lower bus.nats.bounds"
    )]
    SmallStore {
        /// Its name.
        stream: String,
        /// Its bound.
        octets: u64,
    },
    /// The server is by itself, and the settings ask for copies on others. 2.9 would take the word and make none.
    #[error("server is in no cluster, and bus.nats.replicas asks for {replicas} copies")]
    NoCluster {
        /// Copies asked for.
        replicas: usize,
    },
    /// What lies there was written by an installation with another key, and nothing of it would be found.
    #[error(
        "NATS holds what was stored under another account key: give this process the same key_file as the others"
    )]
    OtherKey,
    /// The server does not make or change a stream as it is to be.
    #[error("server refused stream {stream}: {description} ({code})")]
    Stream {
        /// Its name.
        stream: String,
        /// What the server said.
        description: String,
        /// The server's code for it.
        code: u64,
    },
    /// A value is to be kept longer than its bucket keeps any.
    #[error("value is to live for {asked} s, and bucket {bucket} keeps none longer than {longest} s")]
    TimeToLive {
        /// The bucket.
        bucket: &'static str,
        /// Seconds asked for.
        asked: u64,
        /// Seconds it keeps.
        longest: u64,
    },
    /// What lies in a stream was not written by us, or by a later release.
    #[error("stream {stream} holds what cannot be read")]
    Unreadable {
        /// Its name.
        stream: String,
    },
}

impl From<Permission> for Refusal {
    fn from(Permission { action, subjects }: Permission) -> Self {
        Self::Permission { action, subjects }
    }
}

impl From<Refusal> for BusError {
    fn from(refusal: Refusal) -> Self {
        Self::Unusable(refusal.into())
    }
}

/// Why one call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The bus was closed.
    #[error("bus is closed")]
    Closed,
    /// There is no connection at this moment.
    #[error("server is away")]
    Away,
    /// There is none, and it is known why.
    #[error("server cannot be reached: {0}")]
    Unreachable(Unreachable),
    /// The server does not let us. A person must act, and until then it is as if the server were away.
    #[error("permission is missing in NATS: {0}")]
    Denied(Permission),
    /// The streams are not there yet, or were not looked at yet on this connection.
    #[error("streams are not ready: {0}")]
    NotMade(String),
    /// What lies there was not seen yet to be of our key, or is of another.
    #[error("what NATS holds is not known to be of our account key")]
    NotOurs,
    /// No answer came in time; the server may have done as asked.
    #[error("server did not answer in time")]
    TimedOut,
    /// Nobody in the server serves the subject: no such stream, or its leader is away.
    #[error("stream does not answer: its leader is away, or it was deleted (then run mailpush provision)")]
    NoStream,
    /// There is no such stream; it was there.
    #[error("stream {0} was deleted: run mailpush provision")]
    Deleted(String),
    /// The limit of consumers is reached.
    #[error(
        "stream {0} takes no more consumers: raise max_consumers of the account in NATS, or of the stream"
    )]
    FewConsumers(String),
    /// Who takes jobs is not known yet on this connection, or not back yet: see [`crate::takers`].
    #[error("who takes jobs is not known yet")]
    NoTakers,
    /// The client could not send.
    #[error("message could not be sent")]
    Sending(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer is none that we know.
    #[error("server's answer cannot be read")]
    Answer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// JetStream said no.
    #[error("server refused: {description} ({code})")]
    Refused {
        /// Its code.
        code: u64,
        /// Its words; they name streams and limits, no content.
        description: String,
    },
    /// More than is taken in one message.
    #[error("message of {octets} octets is over the limit of {limit}")]
    TooLarge {
        /// Its size.
        octets: usize,
        /// The largest.
        limit: usize,
    },
}

/// What JetStream says when it refuses.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ApiError {
    err_code: Option<u64>,
    code: u64,
    #[serde(default)]
    description: String,
}

impl From<ApiError> for CallError {
    fn from(error: ApiError) -> Self {
        Self::Refused { code: error.err_code.unwrap_or(error.code), description: error.description }
    }
}

/// Somebody else wrote the subject first: since 2.10 there is a second code for it.
const CONFLICTS: [ErrorCode; 2] =
    [ErrorCode::STREAM_WRONG_LAST_SEQUENCE, ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT];

/// The server, or our account in it, has no more room.
const FULL: [ErrorCode; 4] = [
    ErrorCode::ACCOUNT_RESOURCES_EXCEEDED,
    ErrorCode::INSUFFICIENT_RESOURCES,
    ErrorCode::STORAGE_RESOURCES_EXCEEDED,
    ErrorCode::STREAM_STORE_FAILED,
];

/// How a stream says that one of its bounds is reached; the code is that of any failure to store.
const BOUND_REACHED: &str = "maximum";

impl CallError {
    /// Whether somebody else wrote first.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if CONFLICTS.iter().any(|conflict| conflict.0 == *code))
    }

    /// Whether the server, or our account in it, has no more room.
    pub(crate) fn is_no_room(&self) -> bool {
        let Self::Refused { code, .. } = self else { return false };
        *code != ErrorCode::STREAM_STORE_FAILED.0 && FULL.iter().any(|full| full.0 == *code)
    }

    /// Whether a bound is reached.
    pub(crate) fn is_full(&self) -> bool {
        let Self::Refused { code, description } = self else { return false };
        let is_storing = *code == ErrorCode::STREAM_STORE_FAILED.0;
        FULL.iter().any(|full| full.0 == *code) && (!is_storing || description.contains(BOUND_REACHED))
    }
}

impl From<CallError> for BusError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::TooLarge { octets, limit } => Self::TooLarge { octets, limit },
            error if error.is_full() => Self::Full,
            error => Self::Unavailable(error.into()),
        }
    }
}

impl From<CallError> for PutError {
    fn from(error: CallError) -> Self {
        if error.is_conflict() { Self::Conflict } else { Self::Bus(error.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: u64, description: &str) -> CallError {
        CallError::Refused { code, description: description.to_owned() }
    }

    #[test]
    fn a_wrong_sequence_is_a_conflict() {
        for code in [10071, 10164] {
            assert!(matches!(PutError::from(refused(code, "wrong last sequence: 4")), PutError::Conflict));
        }
    }

    #[test]
    fn a_bound_that_is_reached_is_full() {
        for (code, description) in
            [(10077, "maximum bytes exceeded"), (10047, "insufficient storage resources available")]
        {
            assert!(matches!(BusError::from(refused(code, description)), BusError::Full), "{description}");
        }
    }

    #[test]
    fn a_disk_that_fails_is_no_bound() {
        assert!(matches!(BusError::from(refused(10077, "input/output error")), BusError::Unavailable(_)));
    }
}
