//! Round trips: whatever this node sent before one began, the server has taken when it ends.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

use crate::{error::CallError, node::Node, streams::STATE};

/// Many that wait share one: those that come while it is under way share the next.
#[derive(Debug)]
pub(crate) struct RoundTrips {
    asked: AtomicU64,
    wake: Notify,
    answered: watch::Sender<u64>,
}

impl Default for RoundTrips {
    fn default() -> Self {
        Self { asked: AtomicU64::new(0), wake: Notify::new(), answered: watch::Sender::new(0) }
    }
}

impl RoundTrips {
    /// Waits for one that begins after this call.
    pub(crate) async fn one(&self, node: &Node) -> Result<(), CallError> {
        node.caller.check()?;
        let mut answered = self.answered.subscribe();
        let own = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        self.wake.notify_one();
        match timeout(node.settings.request_timeout, answered.wait_for(|&answered| answered >= own)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(CallError::Closed),
            Err(_) => Err(CallError::TimedOut),
        }
    }

    /// Makes them, until the bus closes. Who waits for one that fails hears of the next, or runs out of patience.
    pub(crate) async fn make(&self, node: &Node) {
        loop {
            self.wake.notified().await;
            while *self.answered.borrow() < self.asked.load(Ordering::SeqCst) {
                let asked = self.asked.load(Ordering::SeqCst);
                if has_answered(node).await {
                    self.answered.send_replace(asked);
                } else {
                    break;
                }
            }
        }
    }
}

/// Any answer will do, also that nobody is there: the server reads what a connection sends in order.
async fn has_answered(node: &Node) -> bool {
    let answer = node.caller.last(&node.names.stream(STATE), &node.names.no_state()).await;
    matches!(answer, Ok(_) | Err(CallError::NoStream | CallError::Refused { .. }))
}
