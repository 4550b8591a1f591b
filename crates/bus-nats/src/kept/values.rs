//! KV: values with an end, in streams that NATS' own tools read as buckets.

use std::time::Duration;

use async_nats::HeaderMap;
use bus::{Bucket, BusError, PutError, Revision, Versioned};
use bus_node::later;
use bytes::Bytes;

use super::EXPECTED;
use crate::{
    error::{CallError, Refusal},
    expiry,
    node::Node,
};

/// The longest key, as it is written in a subject.
const LONGEST_KEY: usize = 1024;

/// Marks the end of a key, as NATS' own tools write it. The mark lies there until its bucket's age is over, so that
/// revisions of the key go on rising.
const OPERATION: &str = "KV-Operation";
const DELETED: &str = "DEL";

/// Who writes again after others wrote between his read and his write gives up after as many times: that many writers
/// of one key at once are a mistake.
const ATTEMPTS: usize = 16;

/// What lies under a key.
struct Entry {
    sequence: u64,
    /// Absent: it was deleted, or its time is over.
    value: Option<Bytes>,
}

async fn entry(node: &Node, bucket: Bucket, subject: &str) -> Result<Option<Entry>, BusError> {
    let stream = node.names.bucket(bucket);
    let Some(found) = node.caller.last(&stream, subject).await? else { return Ok(None) };
    if found.headers.get(OPERATION).is_some() {
        return Ok(Some(Entry { sequence: found.sequence, value: None }));
    }
    let Some((end, value)) = expiry::decode(&found.payload) else {
        return Err(Refusal::Unreadable { stream }.into());
    };
    Ok(Some(Entry { sequence: found.sequence, value: (node.now() < end).then_some(value) }))
}

fn subject(node: &Node, bucket: Bucket, key: &str) -> Result<String, CallError> {
    let subject = node.names.value(bucket, key);
    let octets = subject.len();
    if octets > LONGEST_KEY { Err(CallError::TooLarge { octets, limit: LONGEST_KEY }) } else { Ok(subject) }
}

fn with_end(node: &Node, bucket: Bucket, value: &[u8], time_to_live: Duration) -> Result<Bytes, BusError> {
    let longest = bucket.longest_time_to_live();
    if time_to_live > longest {
        let (asked, longest) = (time_to_live.as_secs(), longest.as_secs());
        return Err(Refusal::TimeToLive { bucket: bucket.name(), asked, longest }.into());
    }
    Ok(expiry::encode(later(node.now(), time_to_live), value))
}

pub(crate) async fn get(node: &Node, bucket: Bucket, key: &str) -> Result<Option<Versioned>, BusError> {
    let entry = entry(node, bucket, &subject(node, bucket, key)?).await?;
    Ok(entry.and_then(|Entry { sequence, value }| {
        value.map(|value| Versioned { revision: Revision(sequence), value })
    }))
}

pub(super) async fn put(
    node: &Node,
    bucket: Bucket,
    key: &str,
    value: Bytes,
    time_to_live: Duration,
) -> Result<Revision, BusError> {
    let (subject, value) = (subject(node, bucket, key)?, with_end(node, bucket, &value, time_to_live)?);
    let stored = node.caller.store(subject, HeaderMap::new(), value).await?;
    Ok(Revision(stored.sequence))
}

pub(crate) async fn compare_and_put(
    node: &Node,
    bucket: Bucket,
    key: &str,
    (value, time_to_live): (Bytes, Duration),
    expected: Option<Revision>,
) -> Result<Revision, PutError> {
    let (subject, value) = (subject(node, bucket, key)?, with_end(node, bucket, &value, time_to_live)?);
    node.caller.check_size(value.len())?;
    // Read in any case: whether its time is over is in the value.
    let entry = entry(node, bucket, &subject).await?;
    let live = entry.as_ref().filter(|entry| entry.value.is_some()).map(|entry| Revision(entry.sequence));
    if live != expected {
        return Err(PutError::Conflict);
    }
    let sequence = entry.map_or(0, |entry| entry.sequence);
    let stored = node.caller.store(subject, expecting(sequence), value).await?;
    Ok(Revision(stored.sequence))
}

fn expecting(sequence: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(EXPECTED, sequence.to_string());
    headers
}

pub(crate) async fn delete(
    node: &Node,
    bucket: Bucket,
    key: &str,
    expected: Option<Revision>,
) -> Result<(), PutError> {
    let subject = subject(node, bucket, key)?;
    for _ in 0..ATTEMPTS {
        let Some(Entry { sequence, value: Some(_) }) = entry(node, bucket, &subject).await? else {
            return Ok(());
        };
        if expected.is_some_and(|expected| expected != Revision(sequence)) {
            return Err(PutError::Conflict);
        }
        let mut headers = expecting(sequence);
        headers.insert(OPERATION, DELETED);
        match node.caller.store(subject.clone(), headers, Bytes::new()).await {
            // Somebody wrote in between: look again.
            Err(error) if error.is_conflict() => {}
            stored => return Ok(stored.map(drop)?),
        }
    }
    Err(PutError::Conflict)
}
