//! What happens when the first stream of an account comes.

use std::sync::Arc;

use bus::{BusError, Key, Registration, Versioned};

use super::{Channel, Hub};
use crate::revocation::{self, Revocation};

/// Registers, then reads. Tries until it succeeds or nobody is left to know.
pub(super) async fn open(hub: Arc<Hub>, channel: Arc<Channel>) {
    let opening = async {
        let registration = register(&hub, &channel).await;
        hub.keep(&channel, registration);
        let (state, revocation) = read(&hub, &channel).await;
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

async fn register(hub: &Hub, channel: &Arc<Channel>) -> Registration {
    let mut attempt = 0;
    loop {
        match hub.bus.register_key(Key(channel.account()), channel.clone()).await {
            Ok(registration) => return registration,
            Err(error) => failed(hub, channel, &mut attempt, &error).await,
        }
    }
}

async fn read(hub: &Hub, channel: &Channel) -> (Option<Versioned>, Option<Revocation>) {
    let mut attempt = 0;
    loop {
        let account = channel.account();
        match tokio::try_join!(hub.bus.state(account), revocation::read(&*hub.bus, account)) {
            Ok(both) => return both,
            Err(error) => failed(hub, channel, &mut attempt, &error).await,
        }
    }
}

/// The streams are told that nothing is known, and keep waiting.
async fn failed(hub: &Hub, channel: &Channel, attempt: &mut u32, error: &BusError) {
    *attempt = attempt.saturating_add(1);
    hub.telemetry.bus_failed();
    tracing::debug!(%error, attempt = *attempt, "Bus does not answer for an account");
    channel.load(None);
    let wait = hub.backoff.delay(*attempt, &mut rand::rng());
    tokio::time::sleep(wait).await;
}
