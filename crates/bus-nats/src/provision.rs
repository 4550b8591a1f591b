//! Makes of a NATS what we need: looks what it is, and makes or mends every stream. Done again on each connection, for
//! the server may be another one.
//!
//! A node makes what is missing and mends what breaks a promise, where it may. Bounds are an operator's: a node tells that
//! they differ and works with them, and [`order`] changes them.

use async_nats::{
    ServerInfo,
    jetstream::stream::{Config, State},
};
use bus::BusError;

use crate::{
    NatsSettings,
    call::Caller,
    error::{CallError, Refusal},
    streams::streams,
    subjects::Names,
};

mod ask;
mod difference;
mod order;

use ask::Streams;
pub(crate) use difference::COPIES;
pub use difference::Change;
pub use order::{Consent, KeyOrder, NotDone, Outcome, Provisioned, provision as provision_by_order};

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

/// Bounds that differ, by stream: for a person to know.
pub(crate) type OtherBounds = Vec<(String, Vec<Change>)>;

/// Makes every stream that is missing, and mends what breaks a promise.
pub(crate) async fn provision(
    caller: &Caller,
    settings: &NatsSettings,
    names: &Names,
) -> Result<OtherBounds, NotReady> {
    let mut others = Vec::new();
    for wanted in streams(settings, names) {
        let bounds = provision_one(&Streams(caller), &wanted).await?;
        if !bounds.is_empty() {
            others.push((wanted.name, bounds));
        }
    }
    Ok(others)
}

/// A stream that is there, and what it holds.
pub(crate) async fn look(caller: &Caller, wanted: &Config) -> Result<Option<(Config, State)>, BusError> {
    match Streams(caller).find(wanted).await {
        Ok(found) => Ok(found.map(|found| (found.config, found.state))),
        Err(NotReady::Refused(refusal)) => Err(refusal.into()),
        Err(NotReady::Away(error)) => Err(error.into()),
    }
}

/// What is left to an operator.
async fn provision_one(streams: &Streams<'_>, wanted: &Config) -> Result<Vec<Change>, NotReady> {
    let Some(found) = streams.find(wanted).await? else {
        streams.make(wanted).await?;
        return Ok(Vec::new());
    };
    let difference = difference::between(&found.config, wanted);
    if let Some(what) = difference.fixed {
        return Err(Refusal::Differs { stream: wanted.name.clone(), what }.into());
    }
    if !difference.promises.is_empty() {
        let next = difference::mended(&found.config, wanted);
        streams.change(&next, &difference.promises).await?;
    }
    Ok(difference.bounds)
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
