//! What is decided upon is told, even when its writer went away.

use std::sync::Arc;

use bus::{Key, Message};
use futures_util::future::join_all;
use tokio::runtime::Handle;

use crate::shared::Shared;

/// A message whose key listeners have to hear it. When it is dropped untold, a task tells it: most are told by the one
/// who waits for the write, which costs no task.
pub(crate) struct Telling {
    shared: Arc<Shared>,
    runtime: Handle,
    message: Option<Message>,
}

impl Telling {
    /// To be told in `runtime`, at the latest.
    pub(crate) fn new(shared: Arc<Shared>, runtime: Handle, message: Message) -> Self {
        Self { shared, runtime, message: Some(message) }
    }

    /// Tells the listeners of the message's account, and waits for those that ask for it. Who stops waiting stops no
    /// listener.
    pub(crate) async fn tell(mut self) {
        if let Some(message) = self.message.take() {
            tell(self.shared.clone(), message).await;
        }
    }
}

async fn tell(shared: Arc<Shared>, message: Message) {
    let key = Key(message.topic.account());
    let hearings = shared.begin_to_tell(message, &[key]).await;
    if !hearings.is_empty() {
        // Fails when a listener panicked, which is counted, or when the runtime ends.
        tokio::spawn(join_all(hearings)).await.ok();
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        if let Some(message) = self.message.take() {
            // Nothing in the task tells when it is dropped: a runtime that has ended drops it at once.
            self.runtime.spawn(tell(self.shared.clone(), message));
        }
    }
}
