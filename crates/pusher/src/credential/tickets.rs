//! Tickets for clients that cannot send a credential with a stream: a browser's EventSource sends no Authorization.
//!
//! A ticket opens one stream, on any node, and what opens further ones is the ticket with its tag. The tag is drawn
//! when the ticket is used and kept as a hash beside it, so no key has to be the same on all nodes.

mod pace;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bus::{Bucket, Bus, BusError, PutError};
use mailbox_event::{Account, UnixMillis, codec};
use serde::{Deserialize, Serialize};

use super::{Hash, Identity, Outcome, Tag, Ticket, millis};
use crate::{revocation::CredentialId, settings::TicketSettings, telemetry::Telemetry};

use pace::MintPace;

/// Two that use a ticket at once: the one that comes second reads what the first wrote, and is done.
const MOST_TRIES: usize = 2;

/// Gives tickets out and takes them.
pub struct Tickets {
    bus: Arc<dyn Bus>,
    settings: TicketSettings,
    pace: MintPace,
    telemetry: Arc<Telemetry>,
}

/// Why there is no ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoTicket {
    /// The account was given many lately.
    #[error("too many tickets lately")]
    TooMany,
    /// The bus cannot keep it.
    #[error("tickets cannot be kept at the moment")]
    Bus,
}

/// What the bus keeps of a ticket.
#[derive(Clone, Serialize, Deserialize)]
struct Record {
    account: Account,
    account_id: String,
    /// Since when the credential that it was given for is known to be good.
    since: UnixMillis,
    credential: Option<CredentialId>,
    /// Until when it can be used for the first time.
    fresh_until: UnixMillis,
    /// Until when streams are opened with it.
    ends_at: UnixMillis,
    /// Once it was used.
    tag: Option<Hash>,
}

impl Tickets {
    /// `telemetry` counts calls that the bus does not answer.
    pub fn new(bus: Arc<dyn Bus>, settings: TicketSettings, telemetry: Arc<Telemetry>) -> Self {
        let pace = MintPace::new(settings.per_minute);
        Self { bus, settings, pace, telemetry }
    }

    /// How long a ticket for who was identified can wait for its first use.
    pub fn lasts(&self, identity: &Identity) -> Duration {
        bounded(self.settings.lasts, identity)
    }

    /// A ticket for who was identified; it ends with the credential at the latest.
    pub async fn mint(&self, identity: &Identity, now: SystemTime) -> Result<Ticket, NoTicket> {
        let now = millis(now);
        if !self.pace.allows(&identity.account, now) {
            return Err(NoTicket::TooMany);
        }
        let lasts = self.lasts(identity);
        let record = Record {
            account: identity.account.clone(),
            account_id: identity.account_id.as_ref().to_owned(),
            since: identity.since,
            credential: identity.credential,
            fresh_until: later(now, lasts),
            ends_at: later(now, bounded(self.settings.session, identity)),
            tag: None,
        };
        let ticket = Ticket::of(rand::random());
        let value = codec::encode(&record, codec::Form::MessagePack).map_err(|_| NoTicket::Bus)?;
        let kept = self.bus.compare_and_put(Bucket::Tickets, &key(&ticket), value.into(), None, lasts).await;
        kept.map(|_| ticket).map_err(|error| match error {
            PutError::Conflict => NoTicket::Bus,
            PutError::Bus(error) => {
                self.failed(&error);
                NoTicket::Bus
            }
        })
    }

    /// Whose ticket it is. Its first use burns it; later ones need the tag that the first one drew.
    pub async fn redeem(&self, ticket: &Ticket, tag: Option<&Tag>, now: SystemTime) -> Outcome {
        for _ in 0..MOST_TRIES {
            match self.try_redeem(ticket, tag, millis(now)).await {
                Ok(Some(identity)) => return Outcome::Accepted(Box::new(identity)),
                Ok(None) => return Outcome::Refused,
                Err(PutError::Conflict) => {}
                Err(PutError::Bus(error)) => {
                    self.failed(&error);
                    return Outcome::Unverifiable;
                }
            }
        }
        Outcome::Refused
    }

    async fn try_redeem(
        &self,
        ticket: &Ticket,
        tag: Option<&Tag>,
        now: UnixMillis,
    ) -> Result<Option<Identity>, PutError> {
        let Some(stored) = self.bus.get(Bucket::Tickets, &key(ticket)).await? else { return Ok(None) };
        let record: Option<Record> = codec::decode(&stored.value).ok();
        let Some(record) = record.filter(|record| record.ends_at > now) else { return Ok(None) };
        if let Some(hash) = record.tag {
            // Hashes are compared, so the time that it takes says nothing of the tag.
            return Ok(tag.filter(|tag| tag.hash() == hash).map(|tag| record.identity(tag.clone(), now)));
        }
        if record.fresh_until <= now {
            return Ok(None);
        }
        let tag = Tag::of(rand::random());
        let burnt = Record { tag: Some(tag.hash()), ..record.clone() };
        let Ok(value) = codec::encode(&burnt, codec::Form::MessagePack) else { return Ok(None) };
        let lasts = record.lasts(now);
        self.bus
            .compare_and_put(Bucket::Tickets, &key(ticket), value.into(), Some(stored.revision), lasts)
            .await?;
        Ok(Some(record.identity(tag, now)))
    }

    fn failed(&self, error: &BusError) {
        self.telemetry.bus_failed();
        tracing::debug!(%error, "Tickets cannot be looked at");
    }
}

impl Record {
    fn lasts(&self, now: UnixMillis) -> Duration {
        Duration::from_millis(self.ends_at.0.saturating_sub(now.0))
    }

    fn identity(&self, tag: Tag, now: UnixMillis) -> Identity {
        Identity {
            account: self.account.clone(),
            account_id: self.account_id.as_str().into(),
            lasts: Some(self.lasts(now)),
            since: self.since,
            credential: self.credential,
            tag: Some(tag),
            question: None,
        }
    }
}

/// Nothing lasts longer than the credential.
fn bounded(time: Duration, identity: &Identity) -> Duration {
    identity.lasts.map_or(time, |lasts| lasts.min(time))
}

fn key(ticket: &Ticket) -> String {
    kit::hexadecimal::encode(ticket.hash())
}

fn later(moment: UnixMillis, wait: Duration) -> UnixMillis {
    UnixMillis(moment.0.saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests;
