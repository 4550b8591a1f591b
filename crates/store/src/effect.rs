//! The ledger of effects. The types allow one order only: plan, begin, then done or put off.
//!
//! ```text
//! plan --> Planned --begin--> Sending --done--> Sent | Failed
//!             |  ^--put_off------'  '~~crash, no reply~~> Interrupted --begin_again--> Sending
//!             '--drop--> Dropped
//! ```

use crate::{
    EffectKey, Store, StoreError,
    statement::{
        Value::{Number, Text},
        millis,
    },
};
use mailbox_event::UnixMillis;

/// What kind of effect it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectKind {
    /// Mail about a calendar alarm.
    AlarmMail,
}

/// An effect that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The next system has taken it.
    Sent,
    /// The next system refused it for good, or it is not known whether it took it and it may not be tried again.
    Failed,
    /// It was of no use any more.
    Dropped,
}

/// Where an effect stands.
#[derive(Debug)]
pub enum Effect {
    /// Nothing has left for it.
    Planned(Planned),
    /// It was begun and nobody said how it ended.
    Interrupted(Interrupted),
    /// There is nothing to do.
    Over(Outcome),
}

/// The version of a row that a writer has seen.
#[derive(Debug)]
struct Seen {
    store: Store,
    key: EffectKey,
    message_id: String,
    attempts: i64,
}

/// An effect for which nothing has left.
#[derive(Debug)]
pub struct Planned(Seen);

/// An effect that may have happened.
#[derive(Debug)]
pub struct Interrupted {
    seen: Seen,
    repeats: i64,
}

/// The right to cause the effect now. Dropped without a word, the effect is [`Interrupted`].
#[derive(Debug)]
#[must_use = "say how it ended"]
pub struct Sending(Seen);

/// A row that is there is given as it is: the update changes nothing.
const PLAN: &str = "INSERT INTO effects (key, kind, state, message_id, attempts, repeats, created, updated) \
    VALUES ($1, $2, 'planned', $3, 0, 0, $4, $4) ON CONFLICT (key) DO UPDATE SET updated = effects.updated \
    RETURNING state, message_id, attempts, repeats";
const MOVE: &str = "UPDATE effects SET state = $1, attempts = attempts + $2, repeats = repeats + $3, updated = $4 \
    WHERE key = $5 AND state = $6 AND attempts = $7";
const FORGET: &str = "DELETE FROM effects WHERE updated < $1";

impl Store {
    /// Puts the effect down if it is not there, and says where it stands. However many workers plan the same
    /// key, there is one row; the `message_id` (any text that names the effect outside) of the first one counts.
    pub async fn plan(
        &self,
        key: &EffectKey,
        kind: EffectKind,
        message_id: &str,
        now: UnixMillis,
    ) -> Result<Effect, StoreError> {
        let name = key.to_string();
        let values = [Text(&name), Text(kind.name()), Text(message_id), Number(millis(now))];
        let row = self.database().await?.row(PLAN, &values).await?.ok_or(sqlx::Error::RowNotFound)?;
        let message_id = row.text("message_id")?;
        let seen = Seen { store: self.clone(), key: *key, message_id, attempts: row.number("attempts")? };
        Ok(match row.text("state")?.as_str() {
            "planned" => Effect::Planned(Planned(seen)),
            "sending" => Effect::Interrupted(Interrupted { seen, repeats: row.number("repeats")? }),
            state => Effect::Over(Outcome::parse(state).ok_or(StoreError::Unreadable)?),
        })
    }

    /// Takes away every effect that nobody touched since `before`; how many. The same notification after that
    /// would be a new effect, so keep them longer than a notification may be repeated.
    pub async fn forget(&self, before: UnixMillis) -> Result<u64, StoreError> {
        Ok(self.database().await?.execute(FORGET, &[Number(millis(before))]).await?)
    }
}

impl Planned {
    /// Puts down that it leaves now.
    pub async fn begin(self, now: UnixMillis) -> Result<Sending, StoreError> {
        self.0.step("planned", "sending", Step { attempts: 1, repeats: 0 }, now).await.map(Sending)
    }

    /// It is of no use any more.
    pub async fn drop(self, now: UnixMillis) -> Result<(), StoreError> {
        self.0.step("planned", Outcome::Dropped.name(), Step::default(), now).await.map(drop)
    }
}

impl Interrupted {
    /// How often it was begun again after an interruption.
    pub fn repeats(&self) -> u64 {
        self.repeats.unsigned_abs()
    }

    /// Puts down that it leaves once more, although it may have left before.
    pub async fn begin_again(self, now: UnixMillis) -> Result<Sending, StoreError> {
        self.seen.step("sending", "sending", Step { attempts: 1, repeats: 1 }, now).await.map(Sending)
    }

    /// It is not tried again.
    pub async fn give_up(self, now: UnixMillis) -> Result<(), StoreError> {
        self.seen.step("sending", Outcome::Failed.name(), Step::default(), now).await.map(drop)
    }
}

impl Sending {
    /// What names it outside: the same at every attempt.
    pub fn message_id(&self) -> &str {
        &self.0.message_id
    }

    /// The next system has taken it.
    pub async fn sent(self, now: UnixMillis) -> Result<(), StoreError> {
        self.0.step("sending", Outcome::Sent.name(), Step::default(), now).await.map(drop)
    }

    /// The next system refused it for good.
    pub async fn failed(self, now: UnixMillis) -> Result<(), StoreError> {
        self.0.step("sending", Outcome::Failed.name(), Step::default(), now).await.map(drop)
    }

    /// It is certain that the next system did not take it: it may be begun later as if never before.
    pub async fn put_off(self, now: UnixMillis) -> Result<(), StoreError> {
        self.0.step("sending", "planned", Step::default(), now).await.map(drop)
    }
}

/// What a step adds to the row's counts.
#[derive(Debug, Clone, Copy, Default)]
struct Step {
    attempts: i64,
    repeats: i64,
}

impl Seen {
    /// Moves the row from one state to the next if it is still the version that was seen.
    async fn step(self, from: &str, to: &str, step: Step, now: UnixMillis) -> Result<Self, StoreError> {
        let key = self.key.to_string();
        let values = [
            Text(to),
            Number(step.attempts),
            Number(step.repeats),
            Number(millis(now)),
            Text(&key),
            Text(from),
            Number(self.attempts),
        ];
        match self.store.database().await?.execute(MOVE, &values).await? {
            0 => Err(StoreError::Taken),
            _ => Ok(Self { attempts: self.attempts + step.attempts, ..self }),
        }
    }
}

impl EffectKind {
    fn name(self) -> &'static str {
        match self {
            Self::AlarmMail => "alarm-mail",
        }
    }
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Sent, Self::Failed, Self::Dropped];

    fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}
