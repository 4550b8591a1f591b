//! Notices of what was merged. One worker sends one at a time; a death sends no second one, for the notice is an effect
//! whose key is [`Window::notice`].

use std::{borrow::Cow, fmt, time::Duration};

use mailbox_event::{Account, UnixMillis};

use crate::{
    EffectKey, Store, StoreError,
    database::Row,
    statement::{
        Value::{Number, Text},
        millis,
    },
};

/// Of what a notice tells, and by which means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// Mails that were merged, by mail.
    Mail,
    /// Text messages that were merged, by text.
    Text,
    /// POSTs that were merged, by POST.
    Post,
    /// That the credit for text messages has ended, by mail.
    CreditEnded,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Mail, Self::Text, Self::Post, Self::CreditEnded];

    /// The form by which destinations of this kind are told from each other. A mail goes to an address as it is spelled,
    /// for its case may matter there (RFC 5321 §2.4), but its spellings are one destination.
    pub fn scope(self, destination: &str) -> Cow<'_, str> {
        match self {
            Self::Mail => Cow::Owned(destination.to_lowercase()),
            Self::Text | Self::Post | Self::CreditEnded => Cow::Borrowed(destination),
        }
    }

    /// As it stands in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Text => "sms",
            Self::Post => "post",
            Self::CreditEnded => "credit-ended",
        }
    }

    fn parse(name: &str) -> Result<Self, StoreError> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or(StoreError::Unreadable)
    }
}

/// A notice that is due, in the hands of this worker until [`Store::due_windows`]' claim ends.
pub struct Window {
    id: String,
    opened: i64,
    /// Whose script.
    pub user: Account,
    /// What kind of notice.
    pub kind: NoticeKind,
    /// An address or a number.
    pub destination: String,
    /// How many notifications it stands for. The same at every attempt.
    pub telling: u64,
}

/// What a look for notices found.
#[derive(Debug, Default)]
pub struct DueWindows {
    /// In the hands of this worker.
    pub windows: Vec<Window>,
    /// How many could not be read. They are put aside for an hour, so that they hold up none of those behind them.
    pub unreadable: u64,
}

const DUE: &str = "SELECT id, user_id, kind, destination, opened, more, telling, claimed_until FROM windows \
    WHERE kind = $1 AND flush_at <= $2 AND claimed_until <= $2 ORDER BY flush_at LIMIT $3";
const CLAIM: &str = "UPDATE windows SET claimed_until = $1, telling = $2 \
    WHERE id = $3 AND opened = $4 AND claimed_until = $5";
/// Whoever may have claimed it meanwhile could read it, and keeps it.
const PUT_ASIDE: &str = "UPDATE windows SET claimed_until = $1 WHERE id = $2 AND claimed_until <= $3";
/// How long a notice that cannot be read is left alone: by then a person may have mended it.
const ASIDE: Duration = Duration::from_secs(60 * 60);
const CLOSE: &str = "DELETE FROM windows WHERE id = $1 AND opened = $2 AND more = telling";
/// More came while the notice was on its way: they are told of by the next.
const GO_ON: &str = "UPDATE windows SET more = more - telling, telling = 0, claimed_until = 0, opened = $3, flush_at = $4 \
    WHERE id = $1 AND opened = $2";

impl Store {
    /// At most `most` notices of `kind` that are due, claimed for `claim`. What no other worker has. Kinds that only a later
    /// version knows are left to it.
    pub async fn due_windows(
        &self,
        kind: NoticeKind,
        now: UnixMillis,
        claim: Duration,
        most: u32,
    ) -> Result<DueWindows, StoreError> {
        let database = self.database().await?;
        let mut due = DueWindows::default();
        let values = [Text(kind.name()), Number(millis(now)), Number(most.into())];
        for row in database.rows(DUE, &values).await? {
            let Ok((window, claimed_until)) = Window::read(&row) else {
                let values = [Number(after(now, ASIDE)), Text(&row.text("id")?), Number(millis(now))];
                due.unreadable += database.execute(PUT_ASIDE, &values).await?;
                continue;
            };
            let telling = i64::try_from(window.telling).unwrap_or(i64::MAX);
            let values = [
                Number(after(now, claim)),
                Number(telling),
                Text(&window.id),
                Number(window.opened),
                Number(claimed_until),
            ];
            if database.execute(CLAIM, &values).await? > 0 {
                due.windows.push(window);
            }
        }
        Ok(due)
    }

    /// The notice was sent, or is never to be. What was merged since then is due at `flush_at`.
    pub async fn close_window(
        &self,
        window: &Window,
        now: UnixMillis,
        flush_at: UnixMillis,
    ) -> Result<(), StoreError> {
        let database = self.database().await?;
        let [id, opened] = [Text(&window.id), Number(window.opened)];
        if database.execute(CLOSE, &[id, opened]).await? == 0 {
            database.execute(GO_ON, &[id, opened, Number(millis(now)), Number(millis(flush_at))]).await?;
        }
        Ok(())
    }
}

fn after(now: UnixMillis, time: Duration) -> i64 {
    millis(now).saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

/// Hides whose it is, and where it goes.
impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, kind, telling, .. } = self;
        let mut shown = f.debug_struct("Window");
        shown.field("id", id).field("kind", kind).field("telling", telling).finish_non_exhaustive()
    }
}

impl Window {
    /// What makes this notice the same one.
    pub fn notice(&self) -> EffectKey {
        EffectKey::of(&["window", &self.id, &self.opened.to_string()])
    }

    /// When the first of them was merged.
    pub fn opened(&self) -> UnixMillis {
        UnixMillis(self.opened.unsigned_abs())
    }

    /// With the end of its last claim. What an earlier worker was about to tell is told as it was.
    fn read(row: &Row) -> Result<(Self, i64), StoreError> {
        let telling = match row.number("telling")? {
            0 => row.number("more")?,
            telling => telling,
        };
        let window = Self {
            id: row.text("id")?,
            opened: row.number("opened")?,
            user: Account::parse(&row.text("user_id")?).map_err(|_| StoreError::Unreadable)?,
            kind: NoticeKind::parse(&row.text("kind")?)?,
            destination: row.text("destination")?,
            telling: telling.unsigned_abs(),
        };
        Ok((window, row.number("claimed_until")?))
    }
}
