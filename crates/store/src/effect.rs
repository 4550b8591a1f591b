//! The ledger of effects. The types allow one order only: plan, begin, then an end.
//!
//! ```text
//! plan, look --> Planned --begin--> Sending --end--> Sent | Failed
//!                   |  ^--put off------'  '~~crash, no answer~~> Interrupted --begin_again--> Sending
//!                   '--drop, fail--> Dropped, Failed                  ^--------put off-----------'
//! ```
//!
//! Whoever causes an effect begins it as late as can be: at the last moment at which it is certain that nothing has
//! left. Only a death from there on leaves it in doubt. So whoever needs no row before that only looks, and the row is made
//! as it begins.

use std::sync::{Arc, LazyLock};

use mailbox_event::{Account, UnixMillis};

use crate::{
    Addressee, EffectKey, EventKey, RecipientKey, Store, StoreError,
    database::Row,
    group_commit::{
        Many,
        OwnValue::{Number, Text},
        Wanted,
    },
    statement::{Value, millis},
};

/// What kind of effect it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectKind {
    /// Mail about a calendar alarm.
    AlarmMail,
    /// Mail about messages that were to be sent later and were not.
    UnscheduledMail,
    /// Mail of a Sieve script.
    SieveMail,
    /// A text message of a Sieve script. The row says that it was admitted; what came of it says its own.
    SieveText,
    /// A POST of a Sieve script.
    SievePost,
    /// A notice of notifications that were merged.
    Notice,
}

/// An effect that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The next system has taken it.
    Sent,
    /// The next system refused it for good, or it is not known whether it took it and it may not be tried again.
    Failed {
        /// Why, as it was said then; empty where a version before this one put it down.
        reason: String,
    },
    /// It was of no use any more.
    Dropped,
}

/// Names one beginning of an effect: a random number, for of two nodes that saw the same row each can begin it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beginning(pub u64);

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

/// How a begun effect ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The next system has taken it.
    Sent,
    /// The next system refused it for good.
    Failed {
        /// Why, without address or content; a long one is cut.
        reason: String,
    },
    /// It is certain that the next system did not take it this time: it may be begun later as if not begun now.
    PutOff,
}

/// Of a row. The repeats follow from the others.
#[derive(Debug, Clone, Copy, Default)]
struct Version {
    attempts: i64,
    repeats: i64,
    /// The last [`Beginning`].
    begun_by: i64,
}

/// A row as a writer has seen it.
#[derive(Debug)]
struct Seen {
    store: Store,
    key: EffectKey,
    message_id: String,
    version: Version,
    /// There was no row; the kind that it is to have.
    unwritten: Option<EffectKind>,
}

/// An effect for which nothing has left.
#[derive(Debug)]
pub struct Planned(Seen);

/// An effect that may have happened.
#[derive(Debug)]
pub struct Interrupted(Seen);

/// The right to cause the effect now. Dropped without a word, the effect is [`Interrupted`].
#[derive(Debug)]
#[must_use = "say how it ended"]
pub struct Sending {
    seen: Seen,
    is_repeat: bool,
}

/// What is known of an effect's end and has to be put down; it can be tried until the database takes it.
#[derive(Debug)]
#[must_use = "write it"]
pub struct Ending {
    /// The state and version before a beginning of which nobody knows whether it is yet to come.
    fence: Option<(&'static str, Seen)>,
    seen: Seen,
    to: &'static str,
    reason: String,
    repeats: i64,
}

/// A row that is there is given as it is: the update changes nothing. `WHERE TRUE` has SQLite take what follows for no
/// part of a join. Rows: key, kind, Message-ID, now.
static PLAN: LazyLock<Arc<Many>> = LazyLock::new(|| {
    let head = "INSERT INTO effects (key, kind, state, message_id, attempts, repeats, created, updated) \
        SELECT column1, column2, 'planned', column3, 0, 0, column4, column4 FROM";
    let tail = "WHERE TRUE ON CONFLICT (key) DO UPDATE SET updated = effects.updated \
        RETURNING key AS name, state, message_id, attempts, repeats, begun_by, reason";
    Arc::new(Many::new(head, 4, tail))
});
/// Answers for the rows that it changed. Rows: state, attempts, repeats, beginning, reason, now; key, state, attempts and
/// beginning that were seen.
static MOVE: LazyLock<Arc<Many>> = LazyLock::new(|| {
    let head = "UPDATE effects SET state = v.column1, attempts = v.column2, repeats = v.column3, \
        begun_by = v.column4, reason = v.column5, updated = v.column6 FROM";
    let tail = "WHERE effects.key = v.column7 AND effects.state = v.column8 AND effects.attempts = v.column9 \
        AND effects.begun_by = v.column10 RETURNING key AS name";
    Arc::new(Many::new(head, 10, tail))
});
/// Makes the row as [`MOVE`] would leave it. Answers for the rows that were not there. Rows: key, kind, state, Message-ID,
/// attempts, repeats, beginning, reason, now.
static MAKE: LazyLock<Arc<Many>> = LazyLock::new(|| {
    let head = "INSERT INTO effects (key, kind, state, message_id, attempts, repeats, begun_by, reason, created, \
        updated) SELECT column1, column2, column3, column4, column5, column6, column7, column8, column9, column9 FROM";
    let tail = "WHERE TRUE ON CONFLICT (key) DO NOTHING RETURNING key AS name";
    Arc::new(Many::new(head, 9, tail))
});
/// By the index on `created`: one on `updated` would have to be written whenever a row is.
const FORGET: &str = "DELETE FROM effects WHERE created < $1 AND updated < $1";

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
        let (kind, message_id) = (Text(kind.name().to_owned()), Text(message_id.to_owned()));
        let values = vec![Text(name.clone()), kind, message_id, Number(millis(now))];
        let row = self.group_commit().await?.row(&PLAN, Wanted { name, values }).await?;
        let row = row.ok_or(sqlx::Error::RowNotFound)?;
        self.stands(key, &row.text("state")?, &row)
    }

    /// As [`Self::plan`] and [`Self::addressee`] together, for a mail to `address`, but nothing is put down before the
    /// effect begins or is over. Of those who look at the same time one may begin.
    pub async fn look(
        &self,
        key: &EffectKey,
        kind: EffectKind,
        message_id: &str,
        address: &Account,
        muting: Option<(&RecipientKey, &EventKey)>,
    ) -> Result<(Effect, Addressee), StoreError> {
        let row = self.addressee_row(key.to_string(), address, muting, Some(key)).await?;
        let effect = if let Some(state) = row.text_if_any("state")? {
            self.stands(key, &state, &row)?
        } else {
            let (store, message_id, unwritten) = (self.clone(), message_id.to_owned(), Some(kind));
            let seen = Seen { store, key: *key, message_id, version: Version::default(), unwritten };
            Effect::Planned(Planned(seen))
        };
        Ok((effect, Addressee::read(&row)?))
    }

    fn stands(&self, key: &EffectKey, state: &str, row: &Row) -> Result<Effect, StoreError> {
        let message_id = row.text("message_id")?;
        let [attempts, repeats, begun_by] =
            [row.number("attempts")?, row.number("repeats")?, row.number("begun_by")?];
        let version = Version { attempts, repeats, begun_by };
        let seen = Seen { store: self.clone(), key: *key, message_id, version, unwritten: None };
        Ok(match state {
            "planned" => Effect::Planned(Planned(seen)),
            "sending" => Effect::Interrupted(Interrupted(seen)),
            state => Effect::Over(Outcome::read(state, row)?),
        })
    }

    /// Takes away every effect that nobody touched since `before`; how many. The same notification after that
    /// would be a new effect, so keep them longer than a notification may be repeated.
    pub async fn forget(&self, before: UnixMillis) -> Result<u64, StoreError> {
        Ok(self.database().await?.execute(FORGET, &[Value::Number(millis(before))]).await?)
    }
}

impl Planned {
    /// What names it outside: the same at every attempt.
    pub fn message_id(&self) -> &str {
        &self.0.message_id
    }

    /// Puts down that it leaves now.
    pub async fn begin(self, beginning: Beginning, now: UnixMillis) -> Result<Sending, StoreError> {
        let begun = self.0.next(beginning, 0);
        self.0.write("planned", "sending", "", begun.version, now).await?;
        Ok(Sending { seen: begun, is_repeat: false })
    }

    /// What to write if [`Self::begin`] fails: it may have come to the database all the same, and nothing has left. What
    /// another has begun stays so.
    pub fn unbegun(&self, beginning: Beginning) -> Ending {
        let undone = Sending { seen: self.0.next(beginning, 0), is_repeat: false }.end(End::PutOff);
        Ending { fence: Some(("planned", self.0.same())), ..undone }
    }

    /// It is of no use any more.
    pub async fn drop(self, now: UnixMillis) -> Result<(), StoreError> {
        self.0.write("planned", "dropped", "", self.0.version, now).await
    }

    /// It was refused for good before it could be begun, for this reason without address or content; a long one is cut.
    pub async fn fail(self, reason: &str, now: UnixMillis) -> Result<(), StoreError> {
        self.0.write("planned", "failed", cut(reason), self.0.version, now).await
    }
}

impl Interrupted {
    /// What names it outside: the same at every attempt.
    pub fn message_id(&self) -> &str {
        &self.0.message_id
    }

    /// How often it was begun again after an interruption.
    pub fn repeats(&self) -> u64 {
        self.0.version.repeats.unsigned_abs()
    }

    /// Puts down that it leaves once more, although it may have left before.
    pub async fn begin_again(self, beginning: Beginning, now: UnixMillis) -> Result<Sending, StoreError> {
        let begun = self.0.next(beginning, 1);
        self.0.write("sending", "sending", "", begun.version, now).await?;
        Ok(Sending { seen: begun, is_repeat: true })
    }

    /// What to write if [`Self::begin_again`] fails: see [`Planned::unbegun`].
    pub fn unbegun(&self, beginning: Beginning) -> Ending {
        let undone = Sending { seen: self.0.next(beginning, 1), is_repeat: true }.end(End::PutOff);
        Ending { fence: Some(("sending", self.0.same())), ..undone }
    }

    /// It is not tried again, for this reason without address or content; a long one is cut.
    pub async fn give_up(self, reason: &str, now: UnixMillis) -> Result<(), StoreError> {
        self.0.write("sending", "failed", cut(reason), self.0.version, now).await
    }
}

impl Sending {
    /// Whether it may have left before.
    pub fn is_repeat(&self) -> bool {
        self.is_repeat
    }

    /// What to write about its end.
    pub fn end(self, end: End) -> Ending {
        let repeats = self.seen.version.repeats;
        let (to, reason, repeats) = match (end, self.is_repeat) {
            (End::Sent, _) => ("sent", String::new(), repeats),
            (End::Failed { reason }, _) => ("failed", cut(&reason).to_owned(), repeats),
            (End::PutOff, false) => ("planned", String::new(), repeats),
            // Not taken this time; whether it was before is as unknown as ever.
            (End::PutOff, true) => ("sending", String::new(), repeats - 1),
        };
        Ending { fence: None, seen: self.seen, to, reason, repeats }
    }
}

impl Ending {
    /// Puts it down. [`StoreError::Taken`]: it was put down before, or another worker has begun the effect again.
    pub async fn write(&self, now: UnixMillis) -> Result<(), StoreError> {
        if let Some((state, before)) = &self.fence {
            // A database that stood still may take the beginning later: from another version it cannot.
            let fenced = Version { attempts: self.seen.version.attempts, ..before.version };
            match before.write(state, state, "", fenced, now).await {
                Err(StoreError::Taken) => {}
                written => return written,
            }
        }
        let ended = Version { repeats: self.repeats, ..self.seen.version };
        self.seen.write("sending", self.to, &self.reason, ended, now).await
    }
}

impl Seen {
    fn same(&self) -> Self {
        Self { store: self.store.clone(), message_id: self.message_id.clone(), ..*self }
    }

    /// The row after one more beginning.
    fn next(&self, beginning: Beginning, repeats: i64) -> Self {
        let Version { attempts, repeats: before, .. } = self.version;
        let version = Version {
            attempts: attempts + 1,
            repeats: before + repeats,
            begun_by: beginning.0.cast_signed(),
        };
        Self { version, unwritten: None, ..self.same() }
    }

    /// Moves the row from one state to the next if it is still the version that was seen, or makes it if it still is not
    /// there. The counts are those after it, so that writing twice counts once.
    async fn write(
        &self,
        from: &str,
        to: &str,
        reason: &str,
        next: Version,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let name = self.key.to_string();
        let [key, to, reason] = [&name, to, reason].map(|text| Text(text.to_owned()));
        let now = Number(millis(now));
        let [attempts, repeats, begun_by] = [next.attempts, next.repeats, next.begun_by].map(Number);
        let (many, values) = match self.unwritten {
            Some(kind) => {
                let (kind, message_id) = (Text(kind.name().to_owned()), Text(self.message_id.clone()));
                (&MAKE, vec![key, kind, to, message_id, attempts, repeats, begun_by, reason, now])
            }
            None => {
                let from = Text(from.to_owned());
                let [seen, seen_by] = [self.version.attempts, self.version.begun_by].map(Number);
                (&MOVE, vec![to, attempts, repeats, begun_by, reason, now, key, from, seen, seen_by])
            }
        };
        let written = self.store.group_commit().await?.row(many, Wanted { name, values }).await?;
        written.map(drop).ok_or(StoreError::Taken)
    }
}

impl EffectKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AlarmMail => "alarm-mail",
            Self::UnscheduledMail => "unscheduled-mail",
            Self::SieveMail => "sieve-mail",
            Self::SieveText => "sieve-text",
            Self::SievePost => "sieve-post",
            Self::Notice => "notice",
        }
    }
}

impl Outcome {
    fn read(state: &str, row: &Row) -> Result<Self, StoreError> {
        Ok(match state {
            "sent" => Self::Sent,
            "failed" => Self::Failed { reason: row.text("reason")? },
            "dropped" => Self::Dropped,
            _ => return Err(StoreError::Unreadable),
        })
    }
}

/// What is kept of a reason.
fn cut(reason: &str) -> &str {
    /// Octets. A reason is a line for a person, and a row of the ledger is small.
    const LONGEST: usize = 256;
    &reason[..reason.floor_char_boundary(LONGEST)]
}
