//! Healing: what may have been missed is read, and told if it was not heard.

use std::{sync::Arc, time::Duration};

use bus::{Key, Message, Topic};
use futures_util::{StreamExt, stream};

use super::{finish, id_of};
use crate::{call::Found, error::CallError, interest::Heard, node::Node, streams::STATE};

/// Nodes that lost NATS at the same time do not read all at the same time.
const SPREAD: Duration = Duration::from_millis(250);

/// The wait before states that could not be read are read again.
const AGAIN: Duration = Duration::from_secs(1);

/// Reads the state of every registered key, and tells what was not heard. Tries again what fails while this is still
/// the same connection; the next heals again by itself, and may have to make the streams first.
pub(crate) async fn heal_all(node: &Arc<Node>) {
    let connection = node.connection();
    node.surroundings.clock.sleep((node.surroundings.jitter)(SPREAD)).await;
    let mut keys = node.keys.keys();
    while !keys.is_empty() {
        keys = heal(node, keys, connection).await;
        if !keys.is_empty() {
            if is_over(node, connection) {
                return;
            }
            node.surroundings.clock.sleep(AGAIN).await;
        }
    }
}

fn is_over(node: &Node, connection: u64) -> bool {
    node.caller.check().is_err() || node.connection() != connection
}

/// Gives back the keys whose states could not be read. A server without the stream answers no read at all, so none
/// begins once the connection is over.
async fn heal(node: &Arc<Node>, keys: Vec<Key>, connection: u64) -> Vec<Key> {
    let at_once = node.settings.bounds.heals_at_once.max(1);
    let healed = stream::iter(keys).map(async |key| {
        let is_healed = !is_over(node, connection) && heal_one(node, key).await.is_ok();
        (!is_healed).then_some(key)
    });
    healed.buffer_unordered(at_once).filter_map(std::future::ready).collect().await
}

async fn heal_one(node: &Arc<Node>, key: Key) -> Result<(), CallError> {
    let (stream, subject) = (node.names.stream(STATE), node.names.state(key.0));
    if let Some(found) = node.caller.last(&stream, &subject).await?
        && let Some(heard) = node.interest.heard(key)
        && heard.last() != found.sequence
    {
        tell_again(node, (key, &heard), found).await;
    }
    Ok(())
}

/// Tells a state that was found by a read.
async fn tell_again(node: &Arc<Node>, (key, heard): (Key, &Heard), found: Found) {
    let Some(id) = id_of(&found.headers) else {
        node.counters.unreadable.one();
        return;
    };
    heard.note(found.sequence);
    node.counters.healed.one();
    let message = Arc::new(Message { id, topic: Topic::State(key.0), payload: found.payload });
    finish(node, node.keys.begin(&message, &[key]).await);
}
