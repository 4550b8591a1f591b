//! A message on its way, and one of which nobody knows whether it left.

use std::fmt;

use mailbox_event::UnixMillis;

use super::{
    SmsState,
    entries::{ENTRY, Move},
};
use crate::{
    Store, StoreError,
    database::{Engine, Row},
    statement::{
        Value::{Number, Text},
        millis,
    },
    together::{Step, Together},
};

/// The right to call the gateway now. Dropped without a word, the message is [`InDoubt`].
#[derive(Debug)]
#[must_use = "say how it ended"]
pub struct Texting {
    seen: Seen,
    is_repeat: bool,
    worded: Option<Worded>,
}

/// What an earlier attempt made of a message, and what is paid for it.
#[derive(Clone, PartialEq, Eq)]
pub struct Worded {
    /// What it says; nothing where that was not kept.
    pub words: Option<String>,
    /// The parts that are paid.
    pub segments: u32,
}

/// A message that the gateway may have taken. Its credit stays reserved until somebody knows.
#[derive(Debug)]
pub struct InDoubt {
    pub(super) seen: Seen,
    pub(super) state: SmsState,
    pub(super) provider: String,
    pub(super) worded: Worded,
}

/// The version of a row that a writer has seen.
pub(super) struct Seen {
    pub(super) store: Store,
    pub(super) id: String,
    pub(super) user: String,
    pub(super) price: i64,
    pub(super) attempts: i64,
}

/// From any of two states, for who was slow may still say how it ended.
const MOVE: &str = "UPDATE sms_messages SET state = $1, attempts = $2, updated = $3 \
    WHERE id = $4 AND attempts = $5 AND state IN ($6, $7)";
/// The same for the last time: nobody is going to say it again.
const END: &str = "UPDATE sms_messages SET state = $1, attempts = $2, updated = $3, words = '' \
    WHERE id = $4 AND attempts = $5 AND state IN ($6, $7)";
const ACCEPT: &str = "UPDATE sms_messages SET state = 'accepted', provider_id = $1, updated = $2, words = '' \
    WHERE id = $3 AND attempts = $4 AND state IN ('sending', 'unknown')";

/// Once more, through the gateway that is there by then.
const AGAIN: &str = "UPDATE sms_messages SET state = 'sending', attempts = attempts + 1, provider = $1, updated = $2 \
    WHERE id = $3 AND attempts = $4 AND state = $5";

impl Texting {
    pub(super) fn first(seen: Seen) -> Self {
        Self { seen, is_repeat: false, worded: None }
    }

    /// By which the gateway is to name it in receipts.
    pub fn reference(&self) -> &str {
        &self.seen.id
    }

    /// What to send instead of other words, where this is not the first attempt.
    pub fn worded(&self) -> Option<&Worded> {
        self.worded.as_ref()
    }

    /// The gateway took it, under this name: the credit is spent.
    pub async fn accepted(&self, provider_id: &str, now: UnixMillis) -> Result<(), StoreError> {
        let (now, seen) = (millis(now), &self.seen);
        if matches!(seen.store.database().await?.engine, Engine::Postgres(_)) {
            return seen.accept_with_others(provider_id, now).await;
        }
        let row = [Text(provider_id), Number(now), Text(&seen.id), Number(seen.attempts)];
        seen.settle(Step::must(ACCEPT, &row), Move::Commit, now).await
    }

    /// The gateway refused it for good: the credit is given back.
    pub async fn refused(&self, now: UnixMillis) -> Result<(), StoreError> {
        self.seen.refuse(millis(now)).await
    }

    /// It is certain that the gateway did not take it this time; the credit stays reserved for another. Whether it was
    /// taken another time is as unknown as before.
    pub async fn put_off(&self, now: UnixMillis) -> Result<(), StoreError> {
        let state = if self.is_repeat { SmsState::Unknown } else { SmsState::Reserved };
        self.seen.step(MOVE, state, millis(now)).await
    }

    /// Nobody knows whether the gateway took it, which is not to be asked again.
    pub async fn unknown(&self, now: UnixMillis) -> Result<(), StoreError> {
        self.seen.step(END, SmsState::Unknown, millis(now)).await
    }

    /// Nobody knows whether the gateway took it, which is to be asked [again](InDoubt::again).
    pub async fn unanswered(&self, now: UnixMillis) -> Result<(), StoreError> {
        self.seen.step(MOVE, SmsState::Unknown, millis(now)).await
    }
}

impl InDoubt {
    /// By which the gateway names it in receipts.
    pub fn reference(&self) -> &str {
        &self.seen.id
    }

    /// The gateway that was called. No other can say what became of it.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Puts down that nobody knows, and does nothing more. Whoever called the gateway and lives may still say how it ended.
    pub async fn leave(&self, now: UnixMillis) -> Result<(), StoreError> {
        self.seen.step(END, SmsState::Unknown, millis(now)).await
    }

    /// The right to call the gateway once more: only for gateways that take one reference once.
    pub async fn again(self, now: UnixMillis) -> Result<Texting, StoreError> {
        let texting = self.seen.again(self.state, &self.provider, self.worded, millis(now)).await?;
        Ok(Texting { is_repeat: true, ..texting })
    }
}

impl Seen {
    pub(super) fn first(store: &Store, sms: &super::Sms<'_>) -> Self {
        Self {
            store: store.clone(),
            id: sms.key.to_string(),
            user: sms.user.as_str().to_owned(),
            price: sms.price.into(),
            attempts: 1,
        }
    }

    pub(super) fn read(store: &Store, id: String, row: &Row) -> Result<Self, sqlx::Error> {
        let (user, price, attempts) = (row.text("user_id")?, row.number("price")?, row.number("attempts")?);
        Ok(Self { store: store.clone(), id, user, price, attempts })
    }

    /// Puts down that it leaves once more.
    pub(super) async fn again(
        self,
        from: SmsState,
        provider: &str,
        worded: Worded,
        now: i64,
    ) -> Result<Texting, StoreError> {
        let row = [Text(provider), Number(now), Text(&self.id), Number(self.attempts), Text(from.name())];
        match self.store.database().await?.execute(AGAIN, &row).await? {
            0 => Err(StoreError::Taken),
            _ => {
                let seen = Self { attempts: self.attempts + 1, ..self };
                Ok(Texting { seen, is_repeat: false, worded: Some(worded) })
            }
        }
    }

    pub(super) async fn refuse(&self, now: i64) -> Result<(), StoreError> {
        self.refuse_from([SmsState::Sending, SmsState::Unknown], now).await
    }

    /// Gives the credit back.
    pub(super) async fn refuse_from(&self, from: [SmsState; 2], now: i64) -> Result<(), StoreError> {
        let row = [
            Text(SmsState::Refused.name()),
            Number(self.attempts),
            Number(now),
            Text(&self.id),
            Number(self.attempts),
            Text(from[0].name()),
            Text(from[1].name()),
        ];
        self.settle(Step::must(END, &row), Move::Release, now).await
    }

    /// Changes the message, the credit and its entry together.
    pub(super) async fn settle(&self, message: Step<'_>, how: Move, now: i64) -> Result<(), StoreError> {
        let (available, reserved) = how.changes(self.price);
        let credit = [Text(&self.user), Number(self.price)];
        let [id, kind, user] = [self.id.as_str(), how.kind(), self.user.as_str()].map(Text);
        let entry = [id, kind, user, Number(available), Number(reserved), Number(now)];
        let steps = [message, Step::must(how.sql(), &credit), Step::must(ENTRY, &entry)];
        match self.store.database().await?.together(&steps).await? {
            Together::Done => Ok(()),
            Together::Stopped(_) => Err(StoreError::Taken),
        }
    }

    async fn step(&self, sql: &'static str, to: SmsState, now: i64) -> Result<(), StoreError> {
        let [sending, unknown] = [SmsState::Sending, SmsState::Unknown].map(|from| Text(from.name()));
        let row = [
            Text(to.name()),
            Number(self.attempts),
            Number(now),
            Text(&self.id),
            Number(self.attempts),
            sending,
            unknown,
        ];
        match self.store.database().await?.execute(sql, &row).await? {
            0 => Err(StoreError::Taken),
            _ => Ok(()),
        }
    }
}

impl Worded {
    pub(super) fn read(row: &Row) -> Result<Self, sqlx::Error> {
        let words = Some(row.text("words")?).filter(|words| !words.is_empty());
        // None has more than a handful.
        let segments = u32::try_from(row.number("segments")?).unwrap_or(u32::MAX);
        Ok(Self { words, segments })
    }
}

/// Hides what it says.
impl fmt::Debug for Worded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worded").field("segments", &self.segments).finish_non_exhaustive()
    }
}

/// Hides who pays.
impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Seen");
        shown.field("id", &self.id).field("price", &self.price).field("attempts", &self.attempts);
        shown.finish_non_exhaustive()
    }
}
