//! What happens when the first stream of an account comes.

use std::{sync::Arc, time::Duration};

use bus::{BusError, Key, Registration, Versioned};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::{Channel, Hub};
use crate::revocation::{self, Revocation};

/// Accounts that are opened at the same time. More make a storm no shorter, and the memory that all their questions take
/// at the same time lies between that of streams, so that it stays with the process.
pub(super) const AT_ONCE: usize = 256;

/// A bus that does not answer is met by all after this long: each has to be told that nothing is known.
const PATIENCE: Duration = Duration::from_secs(1);

/// One account's opening.
struct Opening<'a> {
    hub: &'a Hub,
    channel: &'a Arc<Channel>,
    /// Missing where others kept theirs for too long.
    turn: Option<SemaphorePermit<'a>>,
}

/// Registers, then reads. Tries until it succeeds or nobody is left to know.
pub(super) async fn open(hub: Arc<Hub>, channel: Arc<Channel>) {
    let opening = async {
        let mut opening = Opening { turn: turn(&hub.openings).await, hub: &hub, channel: &channel };
        let registration = opening.register().await;
        hub.keep(&channel, registration);
        let (state, revocation) = opening.read().await;
        if let Some(revocation) = revocation {
            channel.revoked(revocation);
        }
        channel.load(state.as_ref().map(|state| &state.value[..]));
    };
    tokio::select! {
        () = opening => {}
        () = channel.deserted() => {}
    }
}

async fn turn(openings: &Semaphore) -> Option<SemaphorePermit<'_>> {
    timeout(PATIENCE, openings.acquire()).await.ok()?.ok()
}

impl Opening<'_> {
    async fn register(&mut self) -> Registration {
        let mut attempt = 0;
        loop {
            match self.hub.bus.register_key(Key(self.channel.account()), self.channel.clone()).await {
                Ok(registration) => return registration,
                Err(error) => self.failed(&mut attempt, &error).await,
            }
        }
    }

    async fn read(&mut self) -> (Option<Versioned>, Option<Revocation>) {
        let (bus, account, mut attempt) = (&*self.hub.bus, self.channel.account(), 0);
        loop {
            match tokio::try_join!(bus.state(account), revocation::read(bus, account)) {
                Ok(both) => return both,
                Err(error) => self.failed(&mut attempt, &error).await,
            }
        }
    }

    /// The streams are told that nothing is known, and keep waiting; meanwhile it is the turn of others.
    async fn failed(&mut self, attempt: &mut u32, error: &BusError) {
        *attempt = attempt.saturating_add(1);
        self.hub.telemetry.bus_failed();
        tracing::debug!(%error, attempt = *attempt, "Bus does not answer for an account");
        self.channel.load(None);
        self.turn = None;
        let wait = self.hub.backoff.delay(*attempt, &mut rand::rng());
        tokio::time::sleep(wait).await;
        self.turn = turn(&self.hub.openings).await;
    }
}
