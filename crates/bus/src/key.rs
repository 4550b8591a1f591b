//! Key listeners: live delivery to the nodes that registered a key.

use std::sync::Arc;

use async_trait::async_trait;
use mailbox_event::AccountToken;

use crate::{Failure, Message, Topic};

/// What listeners register for: an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub AccountToken);

/// Whether `dispatch` on the same node waits for a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Execution {
    /// It waits: for listeners that return at once, all of a message at the same time. One that does not is cut off
    /// after a time that the bus sets, and has failed: the dispatcher waits for it.
    #[default]
    Synchronous,
    /// It does not.
    Asynchronous,
}

/// Hears what is dispatched under the keys it is registered for.
#[async_trait]
pub trait KeyListener: Send + Sync + 'static {
    /// Whether it cares for messages of this topic.
    fn handles(&self, topic: &Topic) -> bool {
        let _ = topic;
        true
    }

    /// How it wants to be run.
    fn execution(&self) -> Execution {
        Execution::Synchronous
    }

    /// One message. A failure is counted and not retried, and stops nobody else.
    async fn hear(&self, message: Arc<Message>) -> Result<(), Failure>;
}
