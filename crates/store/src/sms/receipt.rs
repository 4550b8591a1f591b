//! What gateways say afterwards.

use mailbox_event::UnixMillis;

use super::{SmsState, entries::Move, texting::Seen};
use crate::{
    EffectKey, Store, StoreError,
    statement::{
        Value::{Number, Text},
        millis,
    },
    together::Step,
};

/// What a gateway says of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptStatus {
    /// It is on its way, so that the gateway has taken it.
    Taken,
    /// It arrived.
    Delivered,
    /// It will not arrive.
    Undelivered,
}

/// A receipt, by the reference that we gave the gateway.
#[derive(Debug, Clone, Copy)]
pub struct Receipt<'a> {
    /// The message.
    pub key: &'a EffectKey,
    /// The gateway.
    pub provider: &'a str,
    /// The gateway's own name for the message.
    pub provider_id: &'a str,
    /// What it says.
    pub status: ReceiptStatus,
}

/// What a receipt changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// Something.
    Noted,
    /// Nothing: it was known, or something later is.
    Known,
    /// There is no such message of that gateway.
    Stranger,
}

const LOOK: &str = "SELECT user_id, price, state, attempts FROM sms_messages WHERE id = $1 AND provider = $2";
const NOTE: &str = "INSERT INTO sms_receipts (provider, message_id, status, received) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (provider, message_id, status) DO NOTHING";
const TAKE: &str = "UPDATE sms_messages SET state = 'accepted', provider_id = $1, updated = $2, words = '' \
    WHERE id = $3 AND state IN ('sending', 'unknown')";
const ARRIVE: &str = "UPDATE sms_messages SET state = $1, updated = $2 WHERE id = $3 AND state = 'accepted'";

impl Store {
    /// Puts a receipt down. It settles a message in doubt, for who sends receipts has taken it. With `refund`, what did
    /// not arrive is given back.
    pub async fn receive(
        &self,
        receipt: &Receipt<'_>,
        refund: bool,
        now: UnixMillis,
    ) -> Result<Received, StoreError> {
        let (id, now) = (receipt.key.to_string(), millis(now));
        let known = [Text(&id), Text(receipt.provider)];
        let Some(row) = self.database().await?.row(LOOK, &known).await? else {
            return Ok(Received::Stranger);
        };
        let state = SmsState::parse(&row.text("state")?).ok_or(StoreError::Unreadable)?;
        let seen = Seen::read(self, id, &row)?;
        let note = [Text(receipt.provider), Text(&seen.id), Text(receipt.status.name()), Number(now)];
        let is_first = self.database().await?.execute(NOTE, &note).await? > 0;
        let taken = seen.take(state, receipt.provider_id, now).await?;
        let arrived = seen.arrive(receipt.status, refund, now).await?;
        Ok(if is_first || taken || arrived { Received::Noted } else { Received::Known })
    }
}

impl Seen {
    /// Whether it was in doubt.
    async fn take(&self, state: SmsState, provider_id: &str, now: i64) -> Result<bool, StoreError> {
        if !matches!(state, SmsState::Sending | SmsState::Unknown) {
            return Ok(false);
        }
        let row = [Text(provider_id), Number(now), Text(&self.id)];
        or_taken(self.settle(Step::must(TAKE, &row), Move::Commit, now).await)
    }

    /// Whether that is news. What was said first about its arrival counts.
    async fn arrive(&self, status: ReceiptStatus, refund: bool, now: i64) -> Result<bool, StoreError> {
        let state = match status {
            ReceiptStatus::Taken => return Ok(false),
            ReceiptStatus::Delivered => SmsState::Delivered,
            ReceiptStatus::Undelivered => SmsState::Undelivered,
        };
        let row = [Text(state.name()), Number(now), Text(&self.id)];
        if refund && state == SmsState::Undelivered {
            return or_taken(self.settle(Step::must(ARRIVE, &row), Move::Refund, now).await);
        }
        Ok(self.store.database().await?.execute(ARRIVE, &row).await? > 0)
    }
}

/// That somebody else was quicker is no failure here.
fn or_taken(result: Result<(), StoreError>) -> Result<bool, StoreError> {
    match result {
        Ok(()) => Ok(true),
        Err(StoreError::Taken) => Ok(false),
        Err(why) => Err(why),
    }
}

impl ReceiptStatus {
    fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
        }
    }
}
