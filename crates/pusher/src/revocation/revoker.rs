//! Revoking.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use bus::{Bucket, Bus, BusError, Key, LiveKind, Message, PutError, Topic};
use bytes::Bytes;
use mailbox_event::{AccountToken, AccountTokens, EventId, InvalidAccount, Naming, RelayId, codec};

use super::{Revocation, key};
use crate::credential::millis;

/// Two that revoke at once are rare; more often the bus is away.
const MOST_TRIES: usize = 4;

/// Revokes what an account has, on all nodes.
#[derive(Clone)]
pub struct Revoker {
    bus: Arc<dyn Bus>,
    tokens: AccountTokens,
    naming: Naming,
    /// Drawn at random: names the messages of this process.
    source: RelayId,
    sequence: Arc<AtomicU64>,
    remember: Duration,
}

/// Why nothing was revoked, or not everywhere: then it is to be done again.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// No user id and no address.
    #[error("that is no user")]
    User(#[from] InvalidAccount),
    /// The bus did not take it.
    #[error("the bus does not take it")]
    Bus(#[from] BusError),
    /// It cannot be written.
    #[error("revocation cannot be written")]
    Encode(#[from] codec::EncodeError),
    /// Others revoked the same again and again.
    #[error("others revoke at the same time")]
    Conflict,
}

impl Revoker {
    /// `remember`: how long a revocation is kept; longer than any token lasts.
    pub fn new(bus: Arc<dyn Bus>, tokens: AccountTokens, naming: Naming, remember: Duration) -> Self {
        let (source, sequence) = (RelayId(rand::random()), Arc::default());
        Self { bus, tokens, naming, source, sequence, remember }
    }

    /// Has the credentials and tickets of `user` (a user id or an address) that are known to be good at `now` count no
    /// longer, and ends the streams that were opened with them.
    pub async fn revoke(&self, user: &str, now: SystemTime) -> Result<(), RevokeError> {
        let account = self.tokens.token(&self.naming.account(user)?);
        let key = key(account);
        for _ in 0..MOST_TRIES {
            let known = self.bus.get(Bucket::Revocations, &key).await?;
            let expected = known.as_ref().map(|known| known.revision);
            let known: Option<Revocation> = known.and_then(|known| codec::decode(&known.value).ok());
            // A node whose clock is behind must not take back what another has revoked.
            let at = known.map_or(millis(now), |known| millis(now).max(known.at));
            let value: Bytes = codec::encode(&Revocation { at }, codec::Form::MessagePack)?.into();
            let put =
                self.bus.compare_and_put(Bucket::Revocations, &key, value.clone(), expected, self.remember);
            match put.await {
                Ok(_) => return Ok(self.tell(account, value).await?),
                Err(PutError::Conflict) => {}
                Err(PutError::Bus(error)) => return Err(error.into()),
            }
        }
        Err(RevokeError::Conflict)
    }

    async fn tell(&self, account: AccountToken, payload: Bytes) -> Result<(), BusError> {
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        let id = EventId { relay: self.source, sequence };
        let message = Message { id, topic: Topic::Live(account, LiveKind::Revoked), payload };
        self.bus.dispatch(message, &[Key(account)]).await
    }
}
