//! Credentials that count no longer, though nothing in them says so: a password that was changed, a device that was lost.
//!
//! A revocation says of an account: what was known to be good until then is so no more. The bus keeps the last one of
//! each account, and tells it live to the nodes that have streams of it.

mod endings;
mod holders;
mod revoker;

use std::sync::Arc;

use bus::{Bucket, Bus, BusError};
use mailbox_event::{Account, AccountToken, AccountTokens, UnixMillis, codec};
use serde::{Deserialize, Serialize};

pub use endings::{Endings, Holding};
pub use holders::{Hold, Holders};
pub use revoker::{RevokeError, Revoker};

use crate::telemetry::Telemetry;

/// What the bus keeps and tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// Credentials that were known to be good until then are to be shown to be so again.
    pub at: UnixMillis,
}

/// Names a credential within a process, or among those that share the key of verdicts: the start of its keyed hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CredentialId(pub [u8; 8]);

impl CredentialId {
    /// From a keyed hash.
    pub fn of(digest: &[u8; 32]) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = *digest;
        Self([a, b, c, d, e, f, g, h])
    }
}

/// Looks revocations up.
#[derive(Clone)]
pub struct Revocations {
    bus: Arc<dyn Bus>,
    tokens: AccountTokens,
    telemetry: Arc<Telemetry>,
}

/// The bus does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("revocations cannot be read")]
pub struct Unreadable;

impl Revocations {
    /// `telemetry` counts calls that the bus does not answer.
    pub fn new(bus: Arc<dyn Bus>, tokens: AccountTokens, telemetry: Arc<Telemetry>) -> Self {
        Self { bus, tokens, telemetry }
    }

    /// Whether what was known to be good at `since` was revoked after that.
    pub async fn has_ended(&self, account: &Account, since: UnixMillis) -> Result<bool, Unreadable> {
        Ok(self.of(account).await?.is_some_and(|revocation| revocation.at >= since))
    }

    /// The last one of an account.
    pub async fn of(&self, account: &Account) -> Result<Option<Revocation>, Unreadable> {
        read(&*self.bus, self.tokens.token(account)).await.map_err(|error| {
            self.telemetry.bus_failed();
            tracing::debug!(%error, "Revocations cannot be read");
            Unreadable
        })
    }
}

/// The last revocation of an account.
pub async fn read(bus: &dyn Bus, account: AccountToken) -> Result<Option<Revocation>, BusError> {
    let stored = bus.get(Bucket::Revocations, &key(account)).await?;
    // What cannot be read was written by a later version: it revokes all there is.
    let everything = Revocation { at: UnixMillis(u64::MAX) };
    Ok(stored.map(|stored| codec::decode(&stored.value).unwrap_or(everything)))
}

fn key(account: AccountToken) -> String {
    account.to_string()
}
