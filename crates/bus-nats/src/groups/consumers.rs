//! The durable consumers of a group.

use bus::JobKind;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{Broker, Place, Source, broker::ConsumerInfo};
use crate::error::CallError;

/// Consumers that are made at the same time: each costs the server a file.
const AT_ONCE: usize = 4;

/// Makes those of a group that takes `kinds`, or finds them.
pub(crate) async fn make(broker: &Broker, place: &Place, kinds: &[JobKind]) -> Result<(), CallError> {
    let made = Source::all(kinds).into_iter().map(async |source| {
        broker.make_consumer(&source.consumer(&place.token), &place.filter(source)).await.map(drop)
    });
    stream::iter(made).buffer_unordered(AT_ONCE).try_collect().await
}

/// Takes away those of kinds that the group takes no longer. One that has jobs still is left, for they are the group's.
pub(crate) async fn leave_others(
    broker: &Broker,
    place: &Place,
    kinds: &[JobKind],
) -> Result<(), CallError> {
    let wanted = Source::all(kinds);
    for ConsumerInfo { name, num_pending, num_ack_pending, .. } in broker.consumers().await? {
        let Some((source, group)) = Source::of_consumer(&name) else { continue };
        if group != place.group || wanted.contains(&source) {
            continue;
        }
        if num_pending + num_ack_pending == 0 {
            broker.delete_consumer(&name).await?;
        } else {
            tracing::warn!(%group, ?source, num_pending, num_ack_pending, "Group leaves jobs behind");
        }
    }
    Ok(())
}
