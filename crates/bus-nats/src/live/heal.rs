//! Healing: what may have been missed is read, and told if it was not heard.

mod round;

use std::{sync::Arc, time::Duration};

use bus::{Key, Message, Topic};

use super::{finish, id_of};
use crate::{call::Found, error::CallError, groups::Broker, interest::Heard, node::Node, streams::STATE};
use round::Round;

/// Nodes that lost NATS at the same time do not read all at the same time.
const SPREAD: Duration = Duration::from_millis(250);

/// The wait before states that could not be read are read again.
const AGAIN: Duration = Duration::from_secs(1);

/// Reads the state of every registered key, and tells what was not heard. Tries again what fails while this is still
/// the same connection; the next heals again by itself, and may have to make the streams first.
pub(crate) async fn heal_all(node: &Arc<Node>) {
    let connection = node.connection();
    node.surroundings.clock.sleep((node.surroundings.jitter)(SPREAD)).await;
    let (mut keys, mut is_told) = (node.keys.keys(), false);
    while !keys.is_empty() {
        let Round { left, failure } = heal(node, keys, connection).await;
        keys = left;
        if is_over(node, connection) {
            return;
        }
        tell_change(node, failure, &mut is_told).await;
        if !keys.is_empty() {
            node.surroundings.clock.sleep(AGAIN).await;
        }
    }
}

fn is_over(node: &Node, connection: u64) -> bool {
    node.caller.check().is_err() || node.connection() != connection
}

/// None begins once the connection is over: the next one reads them all.
async fn heal(node: &Arc<Node>, keys: Vec<Key>, connection: u64) -> Round<Key> {
    let heal =
        async |key| if is_over(node, connection) { Err(CallError::Away) } else { heal_one(node, key).await };
    round::go(keys, node.settings.bounds.heals_at_once, heal).await
}

/// Says when states cannot be read, and when all are, and not how often.
async fn tell_change(node: &Arc<Node>, failure: Option<CallError>, is_told: &mut bool) {
    match (failure, *is_told) {
        (Some(failure), false) => {
            let error = Broker::new(node).explain_silence(STATE, failure).await;
            tracing::warn!(%error, "States that may have been missed cannot be read yet");
            *is_told = true;
        }
        (None, true) => {
            tracing::info!("States that may have been missed are read");
            *is_told = false;
        }
        _ => {}
    }
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
