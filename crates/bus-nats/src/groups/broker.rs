//! What the durable half asks of NATS, over the calls that every part makes.

use std::{collections::BTreeMap, ops::Deref, sync::Arc, time::Duration};

use async_nats::{
    HeaderMap, HeaderName, Request,
    jetstream::{ErrorCode, message::StreamMessage},
};
use bytes::Bytes;
use mailbox_event::UnixMillis;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{call::Stored, error::CallError, node::Node, streams, takers::Sight, worker::READ_FROM};

/// See the module.
#[derive(Clone)]
pub(crate) struct Broker(Arc<Node>);

/// A message that lies in a stream.
#[derive(Debug)]
pub(crate) struct Lying {
    pub(crate) sequence: u64,
    pub(crate) subject: String,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Bytes,
    pub(crate) stored: UnixMillis,
}

/// What the server knows of a consumer.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ConsumerInfo {
    pub(crate) name: String,
    /// Messages that nobody was given.
    pub(crate) num_pending: u64,
    /// Messages that somebody was given and has not acknowledged.
    pub(crate) num_ack_pending: u64,
    /// All up to here is acknowledged.
    pub(crate) ack_floor: Floor,
    /// The last that somebody was given, or that the filter passed over.
    pub(crate) delivered: Floor,
}

/// A place in the stream.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Floor {
    pub(crate) stream_seq: u64,
}

#[derive(Deserialize)]
struct Consumers {
    total: usize,
    consumers: Option<Vec<ConsumerInfo>>,
}

#[derive(Deserialize)]
struct Purged {
    purged: u64,
}

#[derive(Deserialize)]
struct Got {
    message: GotMessage,
}

#[derive(Deserialize)]
struct GotMessage {
    seq: u64,
}

#[derive(Deserialize)]
struct Streamed {
    created: String,
    state: StreamState,
}

#[derive(Deserialize)]
struct StreamState {
    last_seq: u64,
    consumer_count: u64,
    #[serde(default)]
    subjects: Option<BTreeMap<String, u64>>,
}

/// No message of that sequence in the stream.
const NO_MESSAGE: u64 = 10_037;
/// The same of a deletion, where the stream has others before and after it.
const NO_SEQUENCE: u64 = 10_043;
/// A deletion failed; the words say why.
const NOT_DELETED: u64 = 10_057;
/// No such stream.
const NO_STREAM: u64 = 10_059;
/// No such consumer.
const NO_CONSUMER: u64 = 10_014;

impl Deref for Broker {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.0
    }
}

impl Broker {
    pub(crate) fn new(node: &Arc<Node>) -> Self {
        Self(node.clone())
    }

    /// Asks JetStream.
    async fn api<T: DeserializeOwned>(&self, call: String, request: &Value) -> Result<T, CallError> {
        let payload = serde_json::to_vec(request).map_err(|error| CallError::Answer(error.into()))?;
        let answer = self.0.caller.call(format!("$JS.API.{call}"), None, payload.into()).await?;
        read_api(&answer.payload)
    }

    /// Stores a message that the stream of its subject is to take once.
    pub(crate) async fn store_once(
        &self,
        subject: String,
        id: String,
        mut headers: HeaderMap,
        payload: Bytes,
    ) -> Result<Stored, CallError> {
        headers.insert(async_nats::header::NATS_MESSAGE_ID, id);
        self.0.caller.store(subject, headers, payload).await
    }

    /// [`Self::store_once`] in the stream of the jobs, unless their takers are away.
    pub(crate) async fn store_job(
        &self,
        subject: String,
        id: String,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<(), CallError> {
        let pass = self.0.takers.check(&self.0)?;
        let stored = self.store_once(subject, pass.id(&id), headers, payload).await;
        self.0.takers.check_again(&self.0, &pass, stored)
    }

    /// The first message at or after `sequence` whose subject is `filter`'s.
    pub(crate) async fn next(
        &self,
        stream: &str,
        sequence: u64,
        filter: &str,
    ) -> Result<Option<Lying>, CallError> {
        self.lying(stream, &json!({ "seq": sequence, "next_by_subj": filter })).await
    }

    /// The message at `sequence`.
    pub(crate) async fn at(&self, stream: &str, sequence: u64) -> Result<Option<Lying>, CallError> {
        // There is no place 0, and to the server it means that none was asked for.
        if sequence == 0 { Ok(None) } else { self.lying(stream, &json!({ "seq": sequence })).await }
    }

    async fn lying(&self, stream: &str, request: &Value) -> Result<Option<Lying>, CallError> {
        let payload = serde_json::to_vec(request).map_err(|error| CallError::Answer(error.into()))?;
        let stream = self.0.names.stream(stream);
        let answer = self.0.caller.call(format!("$JS.API.DIRECT.GET.{stream}"), None, payload.into()).await?;
        match answer.status {
            Some(async_nats::StatusCode::NOT_FOUND) => return Ok(None),
            None => {}
            Some(status) => {
                let description = answer.description.unwrap_or_default().to_string();
                return Err(CallError::Refused { code: u64::from(status.as_u16()), description });
            }
        }
        let found = StreamMessage::try_from(answer).map_err(|error| CallError::Answer(error.into()))?;
        Ok(Some(Lying {
            sequence: found.sequence,
            subject: found.subject.to_string(),
            headers: as_stored(found.headers),
            payload: found.payload,
            stored: millis(found.time.unix_timestamp_nanos()),
        }))
    }

    /// Whether the leader of the stream has a message at `sequence`: a direct read may be answered by who lags behind.
    pub(crate) async fn leader_has(&self, stream: &str, sequence: u64) -> Result<bool, CallError> {
        let call = format!("STREAM.MSG.GET.{}", self.0.names.stream(stream));
        match self.api::<Value>(call, &json!({ "seq": sequence })).await {
            Ok(_) => Ok(true),
            Err(CallError::Refused { code: NO_MESSAGE, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The place of the first message at or after `sequence`, as the leader of the stream knows it.
    pub(crate) async fn leaders_next(&self, stream: &str, sequence: u64) -> Result<Option<u64>, CallError> {
        let call = format!("STREAM.MSG.GET.{}", self.0.names.stream(stream));
        match self.api::<Got>(call, &json!({ "seq": sequence, "next_by_subj": ">" })).await {
            Ok(got) => Ok(Some(got.message.seq)),
            Err(CallError::Refused { code: NO_MESSAGE, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The last place of a stream that is taken, as its leader knows it.
    pub(crate) async fn last_sequence(&self, stream: &str) -> Result<u64, CallError> {
        Ok(self.stream_info(stream).await?.state.last_seq)
    }

    /// Why a read of the stream had no answer.
    pub(crate) async fn explain_silence(&self, stream: &str, silence: CallError) -> CallError {
        match self.stream_info(stream).await {
            Err(deleted @ CallError::Deleted(_)) => deleted,
            _ => silence,
        }
    }

    /// What a stream is at this moment, with a name for one that is not there.
    async fn stream_info(&self, stream: &str) -> Result<Streamed, CallError> {
        let name = self.0.names.stream(stream);
        match self.api(format!("STREAM.INFO.{name}"), &json!({})).await {
            Err(CallError::Refused { code: NO_STREAM, .. }) => Err(CallError::Deleted(name)),
            answer => answer,
        }
    }

    /// What JOBS is at this moment.
    pub(crate) async fn sight_of_jobs(&self) -> Result<Sight, CallError> {
        let Streamed { created, state } = self.stream_info(streams::JOBS).await?;
        Ok(Sight { created, consumers: state.consumer_count, last: state.last_seq })
    }

    /// Acknowledges the job at a place of the stream, for a consumer that may wait for it.
    pub(crate) async fn acknowledge_at(&self, consumer: &str, sequence: u64) {
        let stream = self.0.names.stream(streams::JOBS);
        // As the server would have named it: deliveries, both sequences, time and what is left. It looks at its own
        // notes for all but the stream's sequence.
        let subject = format!("$JS.ACK.{stream}.{consumer}.1.{sequence}.0.0.0");
        self.say(subject, Bytes::from_static(b"+ACK")).await;
    }

    /// Takes a message away; one that is not there is no error.
    pub(crate) async fn delete(&self, stream: &str, sequence: u64) -> Result<(), CallError> {
        let call = format!("STREAM.MSG.DELETE.{}", self.0.names.stream(stream));
        match self.api::<Value>(call, &json!({ "seq": sequence, "no_erase": true })).await {
            Ok(_) => Ok(()),
            Err(error) if is_absent(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes all of a subject away, and tells how many.
    pub(crate) async fn purge(&self, stream: &str, filter: &str) -> Result<u64, CallError> {
        let call = format!("STREAM.PURGE.{}", self.0.names.stream(stream));
        Ok(self.api::<Purged>(call, &json!({ "filter": filter })).await?.purged)
    }

    /// How many messages each subject has.
    pub(crate) async fn subjects(
        &self,
        stream: &str,
        filter: &str,
    ) -> Result<BTreeMap<String, u64>, CallError> {
        let call = format!("STREAM.INFO.{}", self.0.names.stream(stream));
        let info: Streamed = self.api(call, &json!({ "subjects_filter": filter })).await?;
        Ok(info.state.subjects.unwrap_or_default())
    }

    /// How many messages a filter finds.
    pub(crate) async fn count(&self, stream: &str, filter: &str) -> Result<u64, CallError> {
        let stream = self.0.names.stream(stream);
        let config = json!({
            "deliver_policy": "all", "ack_policy": "none", "filter_subject": filter, "mem_storage": true,
            "inactive_threshold": FORGET_COUNTER.as_nanos(), "num_replicas": 1,
        });
        let request = json!({ "stream_name": stream, "config": config });
        let info: ConsumerInfo = self.api(format!("CONSUMER.CREATE.{stream}"), &request).await?;
        self.delete_consumer_of(&stream, &info.name).await?;
        Ok(info.num_pending)
    }

    /// Makes a consumer of the jobs, or finds it.
    pub(crate) async fn make_consumer(&self, name: &str, filter: &str) -> Result<ConsumerInfo, CallError> {
        let stream = self.0.names.stream(streams::JOBS);
        let config = json!({
            "durable_name": name,
            // Nothing that was dispatched before the group's first registration is for it.
            "deliver_policy": "new",
            "ack_policy": "explicit",
            "ack_wait": self.0.settings.ack_wait.as_nanos(),
            // Attempts are ours.
            "max_deliver": -1,
            "filter_subject": filter,
            "max_ack_pending": MOST_IN_HAND,
            "max_waiting": MOST_REQUESTS,
            "num_replicas": self.0.settings.replicas,
        });
        let request = json!({ "stream_name": stream, "config": config });
        match self.api(format!("CONSUMER.DURABLE.CREATE.{stream}.{name}"), &request).await {
            Err(CallError::Refused { code, .. }) if code == ErrorCode::MAXIMUM_CONSUMERS_LIMIT.0 => {
                Err(CallError::FewConsumers(stream))
            }
            made => made,
        }
    }

    /// Takes a consumer of the jobs away; one that is not there is no error.
    pub(crate) async fn delete_consumer(&self, name: &str) -> Result<(), CallError> {
        self.delete_consumer_of(&self.0.names.stream(streams::JOBS), name).await
    }

    async fn delete_consumer_of(&self, stream: &str, name: &str) -> Result<(), CallError> {
        match self.api::<Value>(format!("CONSUMER.DELETE.{stream}.{name}"), &json!({})).await {
            Ok(_) | Err(CallError::Refused { code: NO_CONSUMER, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Every consumer of the jobs.
    pub(crate) async fn consumers(&self) -> Result<Vec<ConsumerInfo>, CallError> {
        let call = format!("CONSUMER.LIST.{}", self.0.names.stream(streams::JOBS));
        let mut all = Vec::new();
        loop {
            let page: Consumers = self.api(call.clone(), &json!({ "offset": all.len() })).await?;
            let consumers = page.consumers.unwrap_or_default();
            let is_last = consumers.is_empty();
            all.extend(consumers);
            if is_last || all.len() >= page.total {
                return Ok(all);
            }
        }
    }

    /// Answers for a job that was given to this node, and waits until the server knows. Works while the bus closes.
    pub(crate) async fn answer(&self, reply: &str, answer: &'static str) -> Result<(), CallError> {
        let request = Request::new().payload(Bytes::from_static(answer.as_bytes())).timeout(None);
        match timeout(self.0.settings.request_timeout, self.0.client.send_request(reply.to_owned(), request))
            .await
        {
            Err(_) => Err(CallError::TimedOut),
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(CallError::Sending(error.into())),
        }
    }

    /// Says something that nobody has to hear: what it is about heals without it. Works while the bus closes.
    pub(crate) async fn say(&self, subject: String, what: Bytes) {
        // Fails when the client is gone or its queue is full for long.
        timeout(self.0.settings.request_timeout, self.0.client.publish(subject, what)).await.ok();
    }
}

/// A counter that could not be taken away goes by itself.
const FORGET_COUNTER: Duration = Duration::from_secs(5);

/// Jobs of one consumer that all nodes together have in hand: more than the places of any cluster of workers.
const MOST_IN_HAND: i64 = 20_000;

/// Requests for jobs that wait at one consumer: one for each node, and one for each free place.
const MOST_REQUESTS: i64 = 4096;

/// Without what this read added, so that what was read before it was stored can be told from what was not.
fn as_stored(headers: HeaderMap) -> HeaderMap {
    if headers.get_all(READ_FROM).count() > 1 {
        return headers;
    }
    let mut stored = HeaderMap::new();
    let added = |name: &HeaderName| AsRef::<str>::as_ref(name).eq_ignore_ascii_case(READ_FROM);
    for (name, values) in headers.iter().filter(|(name, _)| !added(name)) {
        values.iter().for_each(|value| stored.append(name.clone(), value.clone()));
    }
    stored
}

/// Whether a deletion failed because there is nothing: the server says so in more than one way.
fn is_absent(error: &CallError) -> bool {
    let CallError::Refused { code, description } = error else { return false };
    match *code {
        NO_MESSAGE | NO_SEQUENCE => true,
        NOT_DELETED => ABSENT.iter().any(|words| description.contains(words)),
        _ => false,
    }
}

/// Of a message that is gone, and of a place that the stream has not come to or has left behind.
const ABSENT: [&str; 3] = ["no message found", "deleted message", "stream store EOF"];

fn read_api<T: DeserializeOwned>(payload: &[u8]) -> Result<T, CallError> {
    let mut answer: Value =
        serde_json::from_slice(payload).map_err(|error| CallError::Answer(error.into()))?;
    if let Some(error) = answer.get_mut("error") {
        let error: crate::error::ApiError =
            serde_json::from_value(error.take()).map_err(|error| CallError::Answer(error.into()))?;
        return Err(error.into());
    }
    serde_json::from_value(answer).map_err(|error| CallError::Answer(error.into()))
}

/// From nanoseconds; nothing is stored before 1970.
pub(crate) fn millis(nanoseconds: i128) -> UnixMillis {
    UnixMillis(u64::try_from(nanoseconds / 1_000_000).unwrap_or(0))
}
