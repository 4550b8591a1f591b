//! What the bus keeps: STATE and KV.

use std::time::Duration;

use async_nats::header::{HeaderName, NATS_EXPECTED_LAST_SUBJECT_SEQUENCE};
use async_trait::async_trait;
use bus::{Bucket, BusError, PutError, Retained, Revision, Versioned};
use bytes::Bytes;
use mailbox_event::{AccountToken, EventId};

use crate::{NatsBus, live::with_id, node::Node, streams::STATE};

pub(crate) mod values;

/// A write is taken only if this is the sequence of the last one of its subject; 0: there is none.
pub(crate) const EXPECTED: HeaderName = NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;

#[async_trait]
impl Retained for NatsBus {
    async fn state(&self, account: AccountToken) -> Result<Option<Versioned>, BusError> {
        let node = self.open_node()?;
        let found = node.caller.last(&node.names.stream(STATE), &node.names.state(account)).await?;
        Ok(found.map(|found| Versioned { revision: Revision(found.sequence), value: found.payload }))
    }

    async fn put_state(
        &self,
        account: AccountToken,
        value: Bytes,
        expected: Option<Revision>,
        cause: EventId,
    ) -> Result<Revision, PutError> {
        put_state(self.open_node()?, account, value, expected, cause).await
    }

    async fn get(&self, bucket: Bucket, key: &str) -> Result<Option<Versioned>, BusError> {
        values::get(self.open_node()?, bucket, key).await
    }

    async fn put(
        &self,
        bucket: Bucket,
        key: &str,
        value: Bytes,
        time_to_live: Duration,
    ) -> Result<Revision, BusError> {
        values::put(self.open_node()?, bucket, key, value, time_to_live).await
    }

    async fn compare_and_put(
        &self,
        bucket: Bucket,
        key: &str,
        value: Bytes,
        expected: Option<Revision>,
        time_to_live: Duration,
    ) -> Result<Revision, PutError> {
        values::compare_and_put(self.open_node()?, bucket, key, (value, time_to_live), expected).await
    }

    async fn delete(&self, bucket: Bucket, key: &str, expected: Option<Revision>) -> Result<(), PutError> {
        values::delete(self.open_node()?, bucket, key, expected).await
    }
}

/// Compare-and-set is all that guards it, and no `Nats-Msg-Id`: after a lost acknowledgement the writer reads again and
/// finds its own value. An id would call the put of a value that was merged again a duplicate, and lose it.
async fn put_state(
    node: &Node,
    account: AccountToken,
    value: Bytes,
    expected: Option<Revision>,
    cause: EventId,
) -> Result<Revision, PutError> {
    let mut headers = with_id(cause);
    headers.insert(EXPECTED, expected.map_or(0, |revision| revision.0).to_string());
    let stored = node.caller.store(node.names.state(account), headers, value).await?;
    Ok(Revision(stored.sequence))
}
