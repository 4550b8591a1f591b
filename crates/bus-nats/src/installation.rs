//! Which installation a NATS belongs to. What is stored lies under names that are made with the installation's key: with
//! another key nothing is found and nothing is heard, and nobody says so. Therefore a fingerprint of the key lies in NATS,
//! and whoever has another one does nothing there.

use async_nats::HeaderMap;
use bytes::Bytes;

use crate::{
    call::Caller,
    error::{CallError, Refusal},
    kept::EXPECTED,
    provision::NotReady,
    subjects::Names,
};

/// The fingerprint that is noted, and its place.
async fn noted(caller: &Caller, names: &Names) -> Result<Option<(u64, Bytes)>, CallError> {
    let found = caller.last(&names.installation(), &names.installation_key()).await?;
    Ok(found.map(|found| (found.sequence, found.payload)))
}

/// Notes a fingerprint, unless another write came after the one at `sequence`; 0: after none.
async fn note(caller: &Caller, names: &Names, fingerprint: &str, sequence: u64) -> Result<(), CallError> {
    let mut headers = HeaderMap::new();
    headers.insert(EXPECTED, sequence.to_string());
    let value = Bytes::copy_from_slice(fingerprint.as_bytes());
    caller.store(names.installation_key(), headers, value).await.map(drop)
}

/// Refuses a NATS that belongs to another key. One that belongs to none is ours from then on.
pub(crate) async fn claim(caller: &Caller, names: &Names, fingerprint: &str) -> Result<bool, NotReady> {
    let claimed = match noted(caller, names).await.map_err(judge)? {
        Some((_, noted)) => return compare(&noted, fingerprint).map(|()| false),
        None => note(caller, names, fingerprint, 0).await,
    };
    match claimed {
        Ok(()) => Ok(true),
        // Another came first: whose it is, the next look tells.
        Err(error) => Err(judge(error)),
    }
}

fn compare(noted: &[u8], fingerprint: &str) -> Result<(), NotReady> {
    if noted == fingerprint.as_bytes() { Ok(()) } else { Err(Refusal::OtherKey.into()) }
}

/// Has a NATS belong to this key from here on, whatever it belonged to. Whether that is a change.
pub(crate) async fn replace(caller: &Caller, names: &Names, fingerprint: &str) -> Result<bool, NotReady> {
    let noted = noted(caller, names).await.map_err(judge)?;
    if noted.as_ref().is_some_and(|(_, noted)| noted == fingerprint.as_bytes()) {
        return Ok(false);
    }
    let sequence = noted.map_or(0, |(sequence, _)| sequence);
    note(caller, names, fingerprint, sequence).await.map_err(judge)?;
    Ok(true)
}

fn judge(error: CallError) -> NotReady {
    match error {
        CallError::Denied(permission) => Refusal::from(permission).into(),
        error => error.into(),
    }
}
