//! The floor of publishing: the same messages through the client alone, each with its acknowledgement.

use std::{
    sync::Arc,
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

/// The client alone, in an installation of its own.
pub struct Raw {
    context: Context,
    prefix: &'static str,
}

impl Sample {
    /// That of the last notification of `work` in the installation `prefix`.
    pub async fn of(context: &Context, work: Work, number: usize, prefix: &str) -> Outcome<Self> {
        let stream = context.get_stream(work.stream(prefix)).await?;
        let subject = format!("{prefix}.{}", work.topic(number)?);
        let found = stream.get_last_raw_message_by_subject(&subject).await?;
        Ok(Self { headers: found.headers, payload: found.payload })
    }

    /// Its headers under another id. Nothing is compared but the id, where there is one that NATS compares.
    fn headers(&self, id: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
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
        Self { context, prefix }
    }

    /// Publishes `sample` under the subjects of `work`, and says how long that took.
    pub async fn publish(
        self: Arc<Self>,
        sample: Sample,
        work: Work,
        numbers: std::ops::Range<usize>,
    ) -> Outcome<Duration> {
        let sample = Arc::new(sample);
        let topics = numbers.map(|number| Ok((number, work.topic(number)?.to_string())));
        // Made before, for naming accounts is no work of the client's.
        let topics = topics.collect::<Outcome<Vec<_>>>()?;
        let began = Instant::now();
        stream::iter(topics)
            .map(|(number, topic)| Arc::clone(&self).publish_one(Arc::clone(&sample), topic, number))
            .buffer_unordered(IN_FLIGHT)
            .try_collect::<()>()
            .await?;
        Ok(began.elapsed())
    }

    async fn publish_one(self: Arc<Self>, sample: Arc<Sample>, topic: String, number: usize) -> Outcome<()> {
        let headers = sample.headers(&format!("{number:016x}-{number}.{topic}"));
        let subject = format!("{}.{topic}", self.prefix);
        let sent = self.context.publish_with_headers(subject, headers, sample.payload.clone()).await?;
        let stored: jetstream::publish::PublishAck = sent.await?;
        if stored.duplicate { Err("taken for a duplicate".into()) } else { Ok(()) }
    }
}
