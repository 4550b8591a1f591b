//! Who wants no more alarm mail.

use mailbox_event::UnixMillis;

use crate::{
    EventKey, RecipientKey, Store, StoreError,
    statement::{
        Value::{Number, Text},
        millis,
    },
};

/// What is muted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MuteScope {
    /// The alarms of one event, all its occurrences.
    Event(EventKey),
    /// Every alarm.
    AllAlarms,
}

/// What a recipient gets no mail about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Muted {
    /// The event that was asked for.
    pub event: bool,
    /// Every alarm.
    pub all: bool,
}

/// Who muted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MutedBy {
    /// The recipient's mail program (RFC 8058).
    OneClick,
    /// The recipient, on the page behind the link.
    Page,
    /// An operator.
    Operator,
}

const MUTE: &str = "INSERT INTO mutes (recipient, event, muted_by, since) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (recipient, event) DO NOTHING";
const UNMUTE: &str = "DELETE FROM mutes WHERE recipient = $1 AND event = $2";
const MUTED: &str = "SELECT COALESCE(SUM(CASE WHEN event = 'all' THEN 2 ELSE 1 END), 0) AS mutes FROM mutes \
    WHERE recipient = $1 AND event IN ($2, 'all')";

impl Store {
    /// Sends `recipient` no more of `scope`; whether that is a change. Who was first counts.
    pub async fn mute(
        &self,
        recipient: &RecipientKey,
        scope: MuteScope,
        by: MutedBy,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let (recipient, event) = (recipient.to_string(), scope.name());
        let values = [Text(&recipient), Text(&event), Text(by.name()), Number(millis(now))];
        Ok(self.database().await?.execute(MUTE, &values).await? > 0)
    }

    /// Takes a mute back; whether there was one. Other mutes of the same recipient stay.
    pub async fn unmute(&self, recipient: &RecipientKey, scope: MuteScope) -> Result<bool, StoreError> {
        let (recipient, event) = (recipient.to_string(), scope.name());
        Ok(self.database().await?.execute(UNMUTE, &[Text(&recipient), Text(&event)]).await? > 0)
    }

    /// What of `event` and of everything `recipient` has muted.
    pub async fn muted(&self, recipient: &RecipientKey, event: &EventKey) -> Result<Muted, StoreError> {
        let (recipient, event) = (recipient.to_string(), event.to_string());
        let row = self.database().await?.row(MUTED, &[Text(&recipient), Text(&event)]).await?;
        let mutes = row.ok_or(sqlx::Error::RowNotFound)?.number("mutes")?;
        Ok(Muted { event: mutes & 1 != 0, all: mutes & 2 != 0 })
    }
}

impl MuteScope {
    fn name(&self) -> String {
        match self {
            Self::Event(event) => event.to_string(),
            Self::AllAlarms => "all".to_owned(),
        }
    }
}

impl MutedBy {
    fn name(self) -> &'static str {
        match self {
            Self::OneClick => "one-click",
            Self::Page => "page",
            Self::Operator => "operator",
        }
    }
}
