//! What waits for its next attempt lies in the stream PARKED, outside of what the consumers know: it holds no place and
//! delays nobody. The node that holds the group's lease knows by heart when each is due, and gives it back then.
//!
//! It is given back before it is taken away. A node that dies between the two leaves it parked, the next one gives it
//! back again, and the stream of the jobs drops the double by its id.

mod heap;
mod lease;
mod sweep;

use std::{sync::Arc, time::Duration};

use async_nats::Subscriber;
use futures_util::StreamExt;
use tokio::{sync::Notify, time::sleep};

use crate::{
    error::CallError,
    groups::{Broker, Place},
    worker::Ends,
};
use lease::{FREE, Lease};
use sweep::{AFTER_FAILURE, Sweep};

/// How often the holder looks for what nobody told it of.
const LOOK: Duration = Duration::from_secs(1);

/// Gives back what is due.
pub(crate) struct Sweeper {
    broker: Broker,
    place: Arc<Place>,
    /// Says that another node parked something, or that the lease is free.
    bell: Subscriber,
    /// The same of this node.
    parked: Arc<Notify>,
    lease: Lease,
    sweep: Sweep,
}

impl Sweeper {
    /// `longest`: no wait of the group is longer.
    pub(crate) fn new(
        broker: Broker,
        place: Arc<Place>,
        longest: Duration,
        bell: Subscriber,
        parked: Arc<Notify>,
    ) -> Self {
        // No two are the same.
        let lease = Lease::new(&place.token, broker.client.new_inbox().into());
        let sweep = Sweep::new(broker.clone(), place.clone(), longest);
        Self { broker, place, bell, parked, lease, sweep }
    }

    /// Sweeps until the registration is dropped or the bus closes, and then lets another.
    pub(crate) async fn sweep(mut self, mut ends: Ends) {
        loop {
            tokio::select! {
                biased;
                () = ends.come() => break,
                () = self.turn() => {}
            }
        }
        if self.lease.free(&self.broker).await {
            self.broker.say(self.place.bell(), FREE).await;
        }
    }

    async fn turn(&mut self) {
        match self.sweep_while_ours().await {
            Ok(()) => self.wait().await,
            Err(error) => {
                tracing::debug!(group = %self.place.group, %error, "Parked jobs cannot be swept");
                self.sweep.forget();
                sleep(AFTER_FAILURE).await;
            }
        }
    }

    async fn sweep_while_ours(&mut self) -> Result<(), CallError> {
        let Self { broker, lease, sweep, .. } = self;
        broker.check_ready()?;
        if !lease.keep(broker).await? {
            sweep.forget();
            return Ok(());
        }
        // A slow server, or much to read, must not cost the lease: whoever takes it begins from the first again.
        let lost = tokio::select! {
            biased;
            swept = sweep.give_back_what_is_due() => return swept,
            lost = lease.lost(broker) => lost,
        };
        sweep.forget();
        lost
    }

    async fn wait(&mut self) {
        let clock = &self.broker.surroundings.clock;
        tokio::select! {
            () = clock.sleep(self.sweep.heap.rest(clock.now(), LOOK)) => {}
            () = self.parked.notified() => {}
            Some(message) = self.bell.next() => {
                if message.payload == FREE {
                    self.lease.try_now();
                }
            }
        }
    }
}
