//! The floor of publishing: the same messages through the client alone, each with its acknowledgement.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_nats::{
    HeaderMap,
    header::{NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_ID},
    jetstream::{self, Context},
};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::work::Work;
use crate::Outcome;

/// As many as relay asks the bus for at once.
const IN_FLIGHT: usize = 1024;

/// A message of relay's, found where it came to lie.
pub struct Sample {
    headers: HeaderMap,
    payload: Bytes,
}

/// How the client alone writes a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// Whatever lies there.
    Over,
    /// As relay does: only if the last that was acknowledged is still the last.
    CompareAndSet,
}

/// The client alone, in an installation of its own.
pub struct Raw {
    context: Context,
    prefix: &'static str,
    /// Of each account, where its last state lies. An account is written again long after it was acknowledged.
    last: Vec<AtomicU64>,
}

impl Sample {
    /// That of the last notification of `work` in the installation `prefix`.
    pub async fn of(context: &Context, work: Work, number: usize, prefix: &str) -> Outcome<Self> {
        let stream = context.get_stream(work.stream(prefix)).await?;
        let subject = format!("{prefix}.{}", work.topic(number)?);
        let found = stream.get_last_raw_message_by_subject(&subject).await?;
        Ok(Self { headers: found.headers, payload: found.payload })
    }

    /// Its headers under another id, and after another state, where that is compared.
    fn headers(&self, id: &str, last: Option<u64>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(last) = last {
            headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, last.to_string());
        }
        for (name, values) in self.headers.iter() {
            if *name == NATS_EXPECTED_LAST_SUBJECT_SEQUENCE {
                continue;
            }
            let value = values.first().map(|value| value.as_str()).unwrap_or_default();
            let is_id = *name == NATS_MESSAGE_ID;
            headers.insert(name.clone(), if is_id { id } else { value });
        }
        headers
    }
}

impl Raw {
    pub fn new(context: Context, prefix: &'static str) -> Self {
        let last = (0..Work::MOST_ACCOUNTS).map(|_| AtomicU64::new(0)).collect();
        Self { context, prefix, last }
    }

    /// Publishes `sample` under the subjects of `work`, and says how long that took.
    pub async fn publish(
        self: Arc<Self>,
        sample: Arc<Sample>,
        work: Work,
        writing: Writing,
        numbers: std::ops::Range<usize>,
    ) -> Outcome<Duration> {
        let topics = numbers.map(|number| Ok((number, work.topic(number)?.to_string())));
        // Made before, for naming accounts is no work of the client's.
        let topics = topics.collect::<Outcome<Vec<_>>>()?;
        let began = Instant::now();
        stream::iter(topics)
            .map(|(number, topic)| {
                let message = Message { topic, number, account: work.account(number), writing };
                Arc::clone(&self).publish_one(Arc::clone(&sample), message)
            })
            .buffer_unordered(IN_FLIGHT)
            .try_collect::<()>()
            .await?;
        Ok(began.elapsed())
    }

    async fn publish_one(self: Arc<Self>, sample: Arc<Sample>, message: Message) -> Outcome<()> {
        let Message { topic, number, account, writing } = message;
        let last = &self.last[account];
        let expected = (writing == Writing::CompareAndSet).then(|| last.load(Ordering::Relaxed));
        let headers = sample.headers(&format!("{number:016x}-{number}.{topic}"), expected);
        let subject = format!("{}.{topic}", self.prefix);
        let sent = self.context.publish_with_headers(subject, headers, sample.payload.clone()).await?;
        let stored: jetstream::publish::PublishAck = sent.await?;
        last.store(stored.sequence, Ordering::Relaxed);
        if stored.duplicate { Err("taken for a duplicate".into()) } else { Ok(()) }
    }
}

/// One message of many.
struct Message {
    topic: String,
    number: usize,
    account: usize,
    writing: Writing,
}
