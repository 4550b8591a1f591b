//! What this node asks NATS to be sent: a subscription for each registered key, or one for everything.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use async_nats::Subscriber;
use bus::Key;
use bus_node::{Audience, Removed};
use futures_util::StreamExt;
use tokio::{sync::watch, task::AbortHandle, time::timeout};

use crate::{Mode, error::CallError, live, node::Node};

/// The subscriptions of a node.
#[derive(Debug, Default)]
pub(crate) struct Interest(Mutex<HashMap<Key, Subscribed>>);

#[derive(Debug)]
struct Subscribed {
    /// Missing where all is heard by way of one subscription.
    task: Option<AbortHandle>,
    /// Becomes true when the subscription is on its way to the server. Missing once somebody saw it: there are as many as
    /// accounts.
    is_sent: Option<watch::Receiver<bool>>,
    heard: Heard,
}

/// The sequence of the last state of a key that was heard; nothing yet: 0.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard(Arc<AtomicU64>);

impl Heard {
    /// Notes a state, and says which was the last before.
    pub(crate) fn note(&self, sequence: u64) -> u64 {
        self.0.swap(sequence, Ordering::SeqCst)
    }

    /// The last.
    pub(crate) fn last(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// What is known of a key by who hears for it.
pub(crate) struct Hearer {
    pub(crate) key: Key,
    pub(crate) audience: Arc<Audience>,
    pub(crate) heard: Heard,
}

impl Hearer {
    /// Nothing where nobody listens to `key`.
    pub(crate) fn find(node: &Node, key: Key) -> Option<Self> {
        let heard = node.interest.heard(key)?;
        Some(Self { key, audience: node.keys.audience(key)?, heard })
    }
}

impl Interest {
    fn all(&self) -> MutexGuard<'_, HashMap<Key, Subscribed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has NATS send what concerns `key`. Ends when the server knows of it.
    pub(crate) async fn begin(node: &Arc<Node>, key: Key) -> Result<(), CallError> {
        node.caller.check()?;
        let is_sent = node.interest.all().entry(key).or_insert_with(|| subscribed(node, key)).is_sent.clone();
        if let Some(mut is_sent) = is_sent {
            // The client's queue may be full.
            let sent = timeout(node.settings.request_timeout, is_sent.wait_for(|&is_sent| is_sent)).await;
            sent.map_err(|_| CallError::TimedOut)?.map_err(|_| CallError::Away)?;
            node.interest.note_sent(key, &is_sent);
        }
        node.round_trips.one(node).await
    }

    /// Forgets the wait for a subscription that is on its way, unless another took its place.
    fn note_sent(&self, key: Key, seen: &watch::Receiver<bool>) {
        if let Some(subscribed) = self.all().get_mut(&key) {
            subscribed.is_sent.take_if(|is_sent| is_sent.same_channel(seen));
        }
    }

    /// Ends what nobody on this node listens to any more.
    pub(crate) fn end(node: &Node, key: Key, removed: Removed) {
        if removed != Removed::TheLast {
            return;
        }
        let mut all = node.interest.all();
        // Another listener may have come since.
        if !node.keys.has(key)
            && let Some(subscribed) = all.remove(&key)
        {
            subscribed.end();
        }
    }

    /// What was heard of the states of `key`; nothing if nobody listens to it.
    pub(crate) fn heard(&self, key: Key) -> Option<Heard> {
        self.all().get(&key).map(|subscribed| subscribed.heard.clone())
    }

    /// Ends every subscription.
    pub(crate) fn close(&self) {
        self.all().drain().for_each(|(_, subscribed)| subscribed.end());
    }
}

impl Subscribed {
    fn end(self) {
        if let Some(task) = self.task {
            task.abort();
        }
    }
}

fn subscribed(node: &Arc<Node>, key: Key) -> Subscribed {
    if node.settings.mode == Mode::Broadcast {
        return Subscribed { task: None, is_sent: None, heard: Heard::default() };
    }
    let (sent, is_sent) = watch::channel(false);
    let subject = node.names.live_of(key);
    let background = node.clone();
    let task = node.spawn(async move {
        let node = background;
        match node.client.subscribe(subject).await {
            Ok(subscriber) => {
                sent.send_replace(true);
                hear_one(&node, key, subscriber).await;
            }
            Err(error) => tracing::debug!(%error, "Subscription is not made"),
        }
    });
    Subscribed { task: Some(task.abort_handle()), is_sent: Some(is_sent), heard: Heard::default() }
}

/// Asks for everything. What it gives back hears it, and looks for whom it is.
pub(crate) async fn broadcast(
    node: &Arc<Node>,
) -> Result<impl Future<Output = ()> + Send + use<>, CallError> {
    let subscribed = node.client.subscribe(node.names.live_of_all()).await;
    let subscriber = subscribed.map_err(|error| CallError::Sending(error.into()))?;
    let node = node.clone();
    Ok(async move { hear_all(&node, subscriber).await })
}

async fn hear_all(node: &Arc<Node>, mut subscriber: Subscriber) {
    while let Some(message) = subscriber.next().await {
        let Some(key) = node.names.key_of(&message.subject) else {
            live::unreadable(node);
            continue;
        };
        if let Some(hearer) = Hearer::find(node, key) {
            live::hear(node, &hearer, message).await;
        }
    }
}

/// Of one key: it is looked for once, and again when all who listened had gone and others came.
async fn hear_one(node: &Arc<Node>, key: Key, mut subscriber: Subscriber) {
    let mut known = None;
    while let Some(message) = subscriber.next().await {
        known = known.filter(|known: &Hearer| !known.audience.is_over()).or_else(|| Hearer::find(node, key));
        if let Some(hearer) = &known {
            live::hear(node, hearer, message).await;
        }
    }
}
