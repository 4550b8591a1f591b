//! Text messages that are of no use any more, and those that nobody needs to know of.

use mailbox_event::UnixMillis;

use super::{SmsState, texting::Seen};
use crate::{
    EffectKey, Store, StoreError,
    statement::{
        Value::{Number, Text},
        millis,
    },
};

const LOOK: &str = "SELECT user_id, price, state, attempts FROM sms_messages WHERE id = $1";
const HUSH: &str = "UPDATE sms_messages SET words = '' WHERE id = $1 AND state = 'unknown'";
const STALE: &str = "SELECT id, user_id, price, attempts FROM sms_messages \
    WHERE state = 'reserved' AND updated < $1 ORDER BY updated LIMIT $2";
const FORGET: &str = "DELETE FROM sms_messages WHERE updated < $1 \
    AND state IN ('accepted', 'delivered', 'undelivered', 'refused')";
const FORGET_WORDS: &str = "UPDATE sms_messages SET words = '' WHERE updated < $1 AND words <> '' \
    AND state IN ('sending', 'unknown')";
const FORGET_RECEIPTS: &str = "DELETE FROM sms_receipts WHERE received < $1";

impl Store {
    /// A message is of no use any more. If it was put off its credit is given back; what one in doubt says is forgotten.
    /// Where it stood before that, or nothing if it was never put down.
    pub async fn withdraw(&self, key: &EffectKey, now: UnixMillis) -> Result<Option<SmsState>, StoreError> {
        let id = key.to_string();
        let Some(row) = self.database().await?.row(LOOK, &[Text(&id)]).await? else { return Ok(None) };
        let state = SmsState::parse(&row.text("state")?).ok_or(StoreError::Unreadable)?;
        match state {
            SmsState::Reserved => {
                Seen::read(self, id, &row)?.refuse_from([state; 2], millis(now)).await?;
            }
            SmsState::Unknown => drop(self.database().await?.execute(HUSH, &[Text(&id)]).await?),
            _ => {}
        }
        Ok(Some(state))
    }

    /// Withdraws at most `most` messages that were put off before `before` and that nobody came back to; how many.
    pub async fn withdraw_stale(
        &self,
        before: UnixMillis,
        most: u32,
        now: UnixMillis,
    ) -> Result<u64, StoreError> {
        let rows = self.database().await?.rows(STALE, &[Number(millis(before)), Number(most.into())]).await?;
        let mut withdrawn = 0;
        for row in rows {
            let seen = Seen::read(self, row.text("id")?, &row)?;
            match seen.refuse_from([SmsState::Reserved; 2], millis(now)).await {
                Ok(()) => withdrawn += 1,
                // Somebody came back to it.
                Err(StoreError::Taken) => {}
                Err(why) => return Err(why),
            }
        }
        Ok(withdrawn)
    }

    /// Takes away messages, with their numbers, whose end has been known since before `before`, and receipts from before
    /// then; how many messages. Entries stay: they are what credit is made of, and hold no number. One in doubt stays
    /// until somebody settles it, but for what it says.
    pub async fn forget_texts(&self, before: UnixMillis) -> Result<u64, StoreError> {
        let database = self.database().await?;
        let before = [Number(millis(before))];
        let messages = database.execute(FORGET, &before).await?;
        database.execute(FORGET_WORDS, &before).await?;
        database.execute(FORGET_RECEIPTS, &before).await?;
        Ok(messages)
    }
}
