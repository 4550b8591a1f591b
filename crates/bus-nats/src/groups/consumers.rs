//! The durable consumers of a group.

use std::time::Duration;

use async_nats::jetstream::consumer::{Consumer, pull};
use bus::JobKind;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{Broker, Place, Source, broker::ConsumerInfo};
use crate::{
    error::CallError,
    streams::JOBS,
    worker::{Arrival, bury, read},
};

/// Consumers that are made at the same time: each costs the server a file.
const AT_ONCE: usize = 4;

/// How long the end of what waits is waited for: a server may give less than it was asked for and not say so.
const LAST_COMES: Duration = Duration::from_millis(500);

/// Jobs that are handed over in one go.
const IN_A_ROW: usize = 100;

/// Makes those of a group that takes `kinds`, or finds them.
pub(crate) async fn make(broker: &Broker, place: &Place, kinds: &[JobKind]) -> Result<(), CallError> {
    let made = Source::all(kinds).into_iter().map(async |source| {
        broker.make_consumer(&source.consumer(&place.token), &place.filter(source)).await.map(drop)
    });
    stream::iter(made).buffer_unordered(AT_ONCE).try_collect().await
}

/// Takes away those of kinds that the group takes no longer. The jobs they have are given to the group itself before.
pub(crate) async fn leave_others(broker: &Broker, place: &Place, kinds: &[JobKind]) -> Result<(), CallError> {
    let wanted = Source::all(kinds);
    for ConsumerInfo { name, .. } in broker.consumers().await? {
        let Some((source, group)) = Source::of_consumer(&name) else { continue };
        if group == place.group && !wanted.contains(&source) {
            leave(broker, place, source, &name).await?;
        }
    }
    Ok(())
}

async fn leave(broker: &Broker, place: &Place, source: Source, name: &str) -> Result<(), CallError> {
    let stream = broker.names.stream(JOBS);
    let found = broker.jetstream.get_consumer_from_stream::<pull::Config, _, _>(name, &stream).await;
    let mut consumer = found.map_err(|error| CallError::Answer(error.into()))?;
    while hand_over(broker, place, source, &consumer).await? > 0 {}
    let info = consumer.info().await.map_err(|error| CallError::Answer(error.into()))?;
    if info.num_ack_pending > 0 {
        // They run somewhere, or did when their node died: the next registration looks again.
        tracing::warn!(group = %place.group, ?source, "Jobs of a kind that the group has left run still");
        return Ok(());
    }
    broker.delete_consumer(name).await
}

/// Gives some of what waits at a consumer to the group itself, and tells how many. One that is given twice, for want of
/// an acknowledgement, is dropped by its id.
async fn hand_over(
    broker: &Broker,
    place: &Place,
    source: Source,
    consumer: &Consumer<pull::Config>,
) -> Result<usize, CallError> {
    let fetched = consumer.batch().max_messages(IN_A_ROW).expires(LAST_COMES).messages().await;
    let mut messages = fetched.map_err(|error| CallError::Answer(error.into()))?;
    let (names, mut count) = ([(source, consumer.cached_info().name.clone())], 0);
    while let Some(message) = messages.next().await {
        let message = message.map_err(CallError::Answer)?;
        let Arrival::Job(delivery) = read(message.into(), place, &names, &broker.jetstream) else { continue };
        match &delivery.job {
            Ok(job) => {
                let id = format!("moved.{}.{}", place.token.as_str(), job.stay());
                let payload = job.message.payload.clone();
                broker.store_job(place.retry(&job.message.topic), id, job.headers(), payload).await?;
            }
            Err((job, poison)) => bury(broker, place, job, &poison.to_string()).await?,
        }
        broker.answer(&delivery.reply, "+ACK").await?;
        count += 1;
    }
    Ok(count)
}
