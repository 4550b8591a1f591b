//! The line to a client, which two share: the stream's task, and who hears of its account. Whichever of them has the line
//! asks the stream what is to be told at that moment, so that nothing overtakes.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, Weak},
    task::{Context, Poll},
};

use super::delivery::Delivery;
use crate::hub::Outlet;

/// A delivery that is written to by one at a time.
pub(super) struct Line(Mutex<Delivery>);

impl Line {
    /// From now on who hears of the account may write to it.
    pub(super) fn open(delivery: Delivery) -> Arc<Self> {
        Arc::new_cyclic(|line: &Weak<Self>| {
            delivery.events().lead_to(line.clone());
            Self(Mutex::new(delivery))
        })
    }

    /// Delivers until the stream is over or the client goes: the stream's task.
    pub(super) async fn deliver(self: Arc<Self>) {
        poll_fn(|context| self.poll_delivery(context)).await;
    }

    fn poll_delivery(&self, context: &mut Context<'_>) -> Poll<()> {
        match self.0.lock() {
            Ok(mut delivery) => delivery.poll_delivery(context),
            // A frame may be lost half-way. The client comes back and says what it has.
            Err(_panicked) => Poll::Ready(()),
        }
    }
}

impl Outlet for Line {
    fn tell(&self) -> bool {
        // Where the task is at it, it may have looked before the news came.
        self.0.try_lock().is_ok_and(|mut delivery| delivery.tell())
    }
}

#[cfg(test)]
mod tests;
