//! What users may spend, and what an operator does about it.

use std::fmt;

use mailbox_event::{Account, UnixMillis};

use super::{
    entries::{ENTRY, Move},
    texting::Seen,
};
use crate::{
    EffectKey, Store, StoreError,
    database::Row,
    statement::{
        Value::{Number, Text},
        millis,
    },
    together::{Step, Together},
};

/// What a user may spend, in segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Credit {
    /// Free.
    pub available: u64,
    /// Held for messages whose end is not known.
    pub reserved: u64,
}

/// Why credit was not changed.
#[derive(Debug, thiserror::Error)]
pub enum CreditError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is not so much to take away.
    #[error("available credit is less than that")]
    TooLittle,
    /// A change of that reference was made before.
    #[error("that reference was used before")]
    Repeated,
    /// There is no message in doubt of that id.
    #[error("there is no such message in doubt")]
    NotInDoubt,
}

/// A message of which nobody knows whether it left.
#[derive(Clone, PartialEq, Eq)]
pub struct Doubtful {
    /// Its key.
    pub key: String,
    /// Who pays.
    pub user: String,
    /// Where it was to go.
    pub number: String,
    /// What is reserved for it.
    pub price: u64,
    /// The gateway.
    pub provider: String,
    /// When it was last touched.
    pub since: UnixMillis,
}

const OPEN: &str = "INSERT INTO sms_credit (user_id, available, reserved) VALUES ($1, 0, 0) ON CONFLICT (user_id) DO NOTHING";
const CHANGE: &str =
    "UPDATE sms_credit SET available = available + $2 WHERE user_id = $1 AND available + $2 >= 0";
const LAST_GRANT: &str =
    "SELECT COALESCE(MAX(created), 0) AS at FROM credit_entries WHERE user_id = $1 AND kind = 'grant'";
const SHOW: &str = "SELECT available, reserved FROM sms_credit WHERE user_id = $1";
/// Users whose entries do not add up to their credit.
const AUDIT: &str = "SELECT COUNT(*) AS wrong FROM (SELECT user_id, SUM(available) AS available, SUM(reserved) AS reserved \
    FROM (SELECT user_id, available, reserved FROM sms_credit UNION ALL \
    SELECT user_id, -available_change, -reserved_change FROM credit_entries) AS both_sides GROUP BY user_id) AS sums \
    WHERE available <> 0 OR reserved <> 0";
const DOUBTFUL: &str = "SELECT id, user_id, number, price, provider, updated FROM sms_messages \
    WHERE state = 'unknown' OR (state = 'sending' AND updated < $1) ORDER BY updated LIMIT $2";
const IN_DOUBT: &str = "SELECT user_id, price, state, attempts FROM sms_messages \
    WHERE id = $1 AND (state = 'unknown' OR (state = 'sending' AND updated < $2))";
const ACCEPT: &str = "UPDATE sms_messages SET state = 'accepted', updated = $1, words = '' WHERE id = $2 AND state IN ('sending', 'unknown')";

impl Store {
    /// Adds `amount` to what `user` may spend, or takes it away if it is negative. `reference` names the change, such as
    /// a receipt of payment. A second grant of the same name changes nothing, whosever it is, nor does a second
    /// correction; a grant and the correction that takes it away may share a name.
    pub async fn grant(
        &self,
        user: &Account,
        amount: i64,
        reference: &str,
        now: UnixMillis,
    ) -> Result<(), CreditError> {
        let user = Text(user.as_str());
        let kind = kind_of(amount);
        let (credit, now) = ([user, Number(amount)], Number(millis(now)));
        let entry = [Text(reference), Text(kind), user, Number(amount), Number(0), now];
        let open = [user];
        let steps = [
            Step { sql: OPEN, values: &open, must: false },
            Step::must(CHANGE, &credit),
            Step::must(ENTRY, &entry),
        ];
        let database = self.database().await?;
        match database.together(&steps).await.map_err(StoreError::from)? {
            Together::Done => Ok(()),
            Together::Stopped(2) => Err(CreditError::Repeated),
            Together::Stopped(_) => Err(CreditError::TooLittle),
        }
    }

    /// When `user` was last given credit; nothing for somebody who never was.
    pub async fn last_grant(&self, user: &Account) -> Result<Option<UnixMillis>, StoreError> {
        let row = self.database().await?.row(LAST_GRANT, &[Text(user.as_str())]).await?;
        let at = row.ok_or(sqlx::Error::RowNotFound)?.number("at")?;
        Ok((at > 0).then_some(UnixMillis(at.unsigned_abs())))
    }

    /// What `user` may spend; nothing for somebody who was never given any.
    pub async fn credit(&self, user: &Account) -> Result<Credit, StoreError> {
        let row = self.database().await?.row(SHOW, &[Text(user.as_str())]).await?;
        Ok(row.map(|row| Credit::read(&row)).transpose()?.unwrap_or_default())
    }

    /// How many users have a credit that is not the sum of their entries: none, or something wrote past us.
    pub async fn audit(&self) -> Result<u64, StoreError> {
        let row = self.database().await?.row(AUDIT, &[]).await?.ok_or(sqlx::Error::RowNotFound)?;
        Ok(row.number("wrong")?.unsigned_abs())
    }

    /// At most `most` messages in doubt, the oldest first. Those that are being sent count from `before` back.
    pub async fn doubtful(&self, before: UnixMillis, most: u32) -> Result<Vec<Doubtful>, StoreError> {
        let values = [Number(millis(before)), Number(most.into())];
        let rows = self.database().await?.rows(DOUBTFUL, &values).await?;
        Ok(rows.iter().map(Doubtful::read).collect::<Result<_, _>>()?)
    }

    /// A person knows what became of a message in doubt. Of those that are being sent, it has to be from `before`.
    pub async fn resolve(
        &self,
        key: &EffectKey,
        was_taken: bool,
        before: UnixMillis,
        now: UnixMillis,
    ) -> Result<(), CreditError> {
        let (id, now) = (key.to_string(), millis(now));
        let row = self
            .database()
            .await?
            .row(IN_DOUBT, &[Text(&id), Number(millis(before))])
            .await
            .map_err(StoreError::from)?;
        let row = row.ok_or(CreditError::NotInDoubt)?;
        let seen = Seen::read(self, id, &row).map_err(StoreError::from)?;
        let settled = if was_taken {
            let row = [Number(now), Text(&seen.id)];
            seen.settle(Step::must(ACCEPT, &row), Move::Commit, now).await
        } else {
            seen.refuse(now).await
        };
        settled.map_err(
            |why| if matches!(why, StoreError::Taken) { CreditError::NotInDoubt } else { why.into() },
        )
    }
}

/// Of the entry of an operator's change.
pub(super) fn kind_of(amount: i64) -> &'static str {
    if amount < 0 { "correct" } else { "grant" }
}

impl Credit {
    fn read(row: &Row) -> Result<Self, sqlx::Error> {
        let [available, reserved] =
            [row.number("available")?, row.number("reserved")?].map(i64::unsigned_abs);
        Ok(Self { available, reserved })
    }
}

/// Hides who pays, and where it was to go.
impl fmt::Debug for Doubtful {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, price, provider, since, .. } = self;
        let mut shown = f.debug_struct("Doubtful");
        shown.field("key", key).field("price", price).field("provider", provider).field("since", since);
        shown.finish_non_exhaustive()
    }
}

impl Doubtful {
    fn read(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            key: row.text("id")?,
            user: row.text("user_id")?,
            number: row.text("number")?,
            price: row.number("price")?.unsigned_abs(),
            provider: row.text("provider")?,
            since: UnixMillis(row.number("updated")?.unsigned_abs()),
        })
    }
}
