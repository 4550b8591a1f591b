//! What became of a user's credit, for a person who asks.

use mailbox_event::{Account, UnixMillis};

use crate::{
    Store, StoreError,
    database::Row,
    sms::credit::kind_of,
    statement::Value::{Number, Text},
};

/// One change of credit, as it was put down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// A message's id, or the name that an operator gave.
    pub reference: String,
    /// `grant`, `correct`, `reserve`, `commit`, `release` or `refund`.
    pub kind: String,
    /// Whose credit.
    pub user: String,
    /// What `available` changed by, in segments.
    pub available_change: i64,
    /// What `reserved` changed by.
    pub reserved_change: i64,
    /// When.
    pub at: UnixMillis,
}

const SPENT: &str = "SELECT CAST(COALESCE(SUM(available_change + reserved_change), 0) AS BIGINT) AS kept \
    FROM credit_entries WHERE user_id = $1 AND kind IN ('commit', 'refund')";
const ENTRIES: &str = "SELECT reference, kind, user_id, available_change, reserved_change, created FROM credit_entries \
    WHERE user_id = $1 ORDER BY created DESC, reference, kind LIMIT $2";
const GIVEN: &str = "SELECT reference, kind, user_id, available_change, reserved_change, created FROM credit_entries \
    WHERE reference = $1 AND kind = $2";

impl Store {
    /// Segments that `user` has paid for messages that were taken, less what was refunded.
    pub async fn spent(&self, user: &Account) -> Result<u64, StoreError> {
        let row = self.database().await?.row(SPENT, &[Text(user.as_str())]).await?;
        let kept = row.ok_or(sqlx::Error::RowNotFound)?.number("kept")?;
        Ok(kept.min(0).unsigned_abs())
    }

    /// At most `most` changes of `user`'s credit, the latest first.
    pub async fn credit_entries(&self, user: &Account, most: u32) -> Result<Vec<Entry>, StoreError> {
        let values = [Text(user.as_str()), Number(most.into())];
        let rows = self.database().await?.rows(ENTRIES, &values).await?;
        Ok(rows.iter().map(Entry::read).collect::<Result<_, _>>()?)
    }

    /// What was granted under `reference`, or taken away if `amount` is negative: a grant and what takes it away may share
    /// a name.
    pub async fn given(&self, reference: &str, amount: i64) -> Result<Option<Entry>, StoreError> {
        let row = self.database().await?.row(GIVEN, &[Text(reference), Text(kind_of(amount))]).await?;
        Ok(row.as_ref().map(Entry::read).transpose()?)
    }
}

impl Entry {
    fn read(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            reference: row.text("reference")?,
            kind: row.text("kind")?,
            user: row.text("user_id")?,
            available_change: row.number("available_change")?,
            reserved_change: row.number("reserved_change")?,
            at: UnixMillis(row.number("created")?.unsigned_abs()),
        })
    }
}
