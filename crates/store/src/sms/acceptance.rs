//! The usual end of a text message: the gateway took it. On PostgreSQL those of many are one statement, on SQLite they
//! share a transaction.

use std::sync::{Arc, LazyLock};

use super::texting::Seen;
use crate::{
    StoreError,
    group_commit::{
        Many,
        OwnValue::{Number, Text},
        Wanted,
    },
};

/// Rows: id, attempts that were seen, the gateway's name for it, now, user. Credit is locked in the order of users, so
/// that no two such statements wait for each other. An entry that is there is an error, which takes everything back.
/// The state is not compared as it is: PostgreSQL would find all that are open by it, for each statement.
static ACCEPT: LazyLock<Arc<Many>> = LazyLock::new(|| {
    let tail = "), taken AS (UPDATE sms_messages AS m SET state = 'accepted', provider_id = a.column3, \
        updated = a.column4, words = '' FROM asked AS a WHERE m.id = a.column1 AND m.attempts = a.column2 \
        AND m.state || '' IN ('sending', 'unknown') RETURNING m.id, m.user_id, m.price, m.updated), \
        purse AS (SELECT user_id FROM sms_credit WHERE user_id IN (SELECT column5 FROM asked) \
        ORDER BY user_id FOR UPDATE), \
        spent AS (UPDATE sms_credit AS c SET reserved = c.reserved - u.price FROM purse AS p, \
        (SELECT user_id, CAST(SUM(price) AS BIGINT) AS price FROM taken GROUP BY user_id) AS u \
        WHERE c.user_id = p.user_id AND p.user_id = u.user_id) \
        INSERT INTO credit_entries (reference, kind, user_id, available_change, reserved_change, created) \
        SELECT id, 'commit', user_id, 0, -price, updated FROM taken RETURNING reference AS name";
    Arc::new(Many::new("WITH asked AS (SELECT v.* FROM", 5, tail).at_once())
});

impl Seen {
    /// Puts down that the gateway took it, under `provider_id`.
    pub(super) async fn accept_with_others(&self, provider_id: &str, now: i64) -> Result<(), StoreError> {
        let name = self.id.clone();
        let (provider_id, user) = (Text(provider_id.to_owned()), Text(self.user.clone()));
        let values = vec![Text(name.clone()), Number(self.attempts), provider_id, Number(now), user];
        let row = self.store.group_commit().await?.row(&ACCEPT, Wanted { name, values }).await?;
        row.map(drop).ok_or(StoreError::Taken)
    }
}
