//! Live messages: told to others, and heard from them.

use std::sync::Arc;

use bus::{BusError, Key, Message, Topic};
use bus_node::Hearing;
use futures_util::future::{join, join_all};

use crate::{
    interest::{Heard, Hearer},
    node::Node,
};

mod heading;
mod heal;
mod place;

pub(crate) use heading::{id_of, with_id};
pub(crate) use heal::heal_all;
use place::{Arrival, Place};

/// Tells the listeners of `keys`, those of this node at once. Waits for the synchronous ones.
pub(crate) async fn tell(node: &Node, message: Message, keys: &[Key]) -> Result<(), BusError> {
    let mut distinct = Vec::with_capacity(keys.len());
    keys.iter().for_each(|key| {
        if !distinct.contains(key) {
            distinct.push(*key)
        }
    });
    if distinct.is_empty() {
        return Ok(());
    }
    node.caller.check_size(message.payload.len())?;
    for &key in &distinct {
        let headers = heading::write(&message, &distinct);
        node.caller.publish(node.names.live(key, &message.topic), headers, message.payload.clone()).await?;
    }
    let hearings = node.keys.begin(&Arc::new(message), &distinct).await;
    // When this returns, who registers from then on does not hear it any more: the server has it.
    let (taken, _) = join(node.round_trips.one(node), join_all(hearings)).await;
    Ok(taken?)
}

/// Has one message from NATS heard. Never waits for a listener.
pub(crate) async fn hear(node: &Arc<Node>, hearer: &Hearer, message: async_nats::Message) {
    let headers = message.headers.unwrap_or_default();
    let key = hearer.key;
    let Some(heading) = heading::read(&headers, || Topic::State(key.0)) else { return unreadable(node) };
    if let Some(place) = heading.place
        && !is_news(node, &hearer.heard, place)
    {
        return;
    }
    let message = Arc::new(Message { id: heading.id, topic: heading.topic, payload: message.payload });
    finish(node, node.keys.begin_after(&message, &hearer.audience, heading.keys_before(key)).await);
}

/// Counts a message of which nobody knows what it says, or to whom.
pub(crate) fn unreadable(node: &Node) {
    node.counters.unreadable.one();
    tracing::debug!("Live message cannot be read");
}

/// Whether the listeners of this node have not heard the state yet.
fn is_news(node: &Node, heard: &Heard, place: Place) -> bool {
    let arrival = place.after(heard.note(place.sequence));
    if arrival == Arrival::AfterGap {
        // The state in hand is what a read would find.
        node.counters.gaps.one();
    }
    arrival != Arrival::Again
}

/// Lets listeners that did not end at once end by themselves: the next message waits for none.
fn finish(node: &Node, hearings: Vec<Hearing>) {
    if !hearings.is_empty() {
        node.keys.finish(hearings);
    }
}
