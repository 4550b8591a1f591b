//! Text messages that cost money: paid for in advance, and never sent blindly a second time.
//!
//! ```text
//! reserve --> Texting --accepted--> accepted --receipt--> delivered | undelivered (refunded by policy)
//!              |  ^  '--refused---> refused (credit given back)
//!              |  '--again-- reserved (provably not sent: kept back for a retry)
//!              '~~crash, no answer~~> unknown --receipt, answer or a person--> accepted | refused
//! ```
//!
//! Each arrow is one transaction over the message, the credit and the entries, so that at every moment the entries of a
//! user add up to the user's credit. On PostgreSQL the two that nearly all go are one statement over those of many messages;
//! on SQLite those of many messages share a transaction.

mod acceptance;
mod credit;
mod departure;
mod entries;
mod history;
mod receipt;
mod retention;
mod texting;

pub use credit::{Credit, CreditError, Doubtful};
pub use history::Entry;
pub use receipt::{Receipt, ReceiptStatus, Received};
pub use texting::{InDoubt, Texting, Worded};

use std::fmt;

use mailbox_event::{Account, UnixMillis};

use crate::{
    EffectKey, Store, StoreError,
    statement::{
        Value::{Number, Text},
        millis,
    },
    together::{Step, Together},
};
use entries::{ENTRY, RESERVE};
use texting::Seen;

/// A text message that is to be sent.
#[derive(Clone, Copy)]
pub struct Sms<'a> {
    /// What makes it the same one.
    pub key: &'a EffectKey,
    /// Who pays.
    pub user: &'a Account,
    /// Where to, in E.164.
    pub number: &'a str,
    /// Parts on the air.
    pub segments: u32,
    /// What is paid for it; at least 1.
    pub price: u32,
    /// The gateway that is going to be called.
    pub provider: &'a str,
    /// What it says, for an attempt after this one. Kept until the message's end is known.
    pub words: &'a str,
}

/// Hides who it is for, where it goes and what it says.
impl fmt::Debug for Sms<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, segments, price, provider, .. } = self;
        let mut shown = f.debug_struct("Sms");
        shown.field("key", key).field("segments", segments).field("price", price).field("provider", provider);
        shown.finish_non_exhaustive()
    }
}

/// Where a text message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmsState {
    /// Paid in advance, and provably not sent.
    Reserved,
    /// The gateway was called; nobody said yet how it ended.
    Sending,
    /// The gateway was called and it is not known whether it took the message.
    Unknown,
    /// The gateway took it.
    Accepted,
    /// It arrived.
    Delivered,
    /// It did not arrive.
    Undelivered,
    /// The gateway refused it for good.
    Refused,
}

/// What came of asking for the credit.
#[derive(Debug)]
pub enum Reservation {
    /// Call the gateway now.
    Ready(Texting),
    /// The gateway was called before and nobody knows what came of it.
    InDoubt(InDoubt),
    /// There is nothing to do.
    Over(SmsState),
    /// It was settled so long ago that its row was [forgotten](Store::forget_texts); the entries for it are there.
    Forgotten,
    /// The user's credit does not reach; nothing was written.
    NoCredit,
}

const PLAN: &str = "INSERT INTO sms_messages (id, user_id, number, segments, price, state, attempts, provider, created, \
    updated, words) VALUES ($1, $2, $3, $4, $5, 'sending', 1, $6, $7, $7, $8) ON CONFLICT (id) DO NOTHING";
const LOOK: &str =
    "SELECT user_id, segments, price, state, attempts, provider, words FROM sms_messages WHERE id = $1";

impl Store {
    /// Reserves the credit and puts the message down as leaving, or says where it stands if that was done before.
    /// However many workers ask for one key, one of them may call the gateway.
    pub async fn reserve(&self, sms: &Sms<'_>, now: UnixMillis) -> Result<Reservation, StoreError> {
        let (id, price, now) = (sms.key.to_string(), i64::from(sms.price), millis(now));
        let [user, number, provider, words] =
            [sms.user.as_str(), sms.number, sms.provider, sms.words].map(Text);
        let (segments, at) = (Number(sms.segments.into()), Number(now));
        let message = [Text(&id), user, number, segments, Number(price), provider, at, words];
        let credit = [user, Number(price)];
        let entry = [Text(&id), Text("reserve"), user, Number(-price), Number(price), Number(now)];
        let steps = [Step::must(PLAN, &message), Step::must(RESERVE, &credit), Step::must(ENTRY, &entry)];
        match self.database().await?.together(&steps).await? {
            Together::Done => Ok(Reservation::Ready(Texting::first(Seen::first(self, sms)))),
            Together::Stopped(0) => self.reserved_before(sms, now).await,
            Together::Stopped(1) => Ok(Reservation::NoCredit),
            // There is an entry for a message that there is not.
            Together::Stopped(_) => Ok(Reservation::Forgotten),
        }
    }

    async fn reserved_before(&self, sms: &Sms<'_>, now: i64) -> Result<Reservation, StoreError> {
        let id = sms.key.to_string();
        let row = self.database().await?.row(LOOK, &[Text(&id)]).await?.ok_or(sqlx::Error::RowNotFound)?;
        let state = SmsState::parse(&row.text("state")?).ok_or(StoreError::Unreadable)?;
        let (seen, provider, worded) =
            (Seen::read(self, id, &row)?, row.text("provider")?, Worded::read(&row)?);
        match state {
            SmsState::Reserved => Ok(Reservation::Ready(seen.again(state, sms.provider, worded, now).await?)),
            SmsState::Sending | SmsState::Unknown => {
                Ok(Reservation::InDoubt(InDoubt { seen, state, provider, worded }))
            }
            over => Ok(Reservation::Over(over)),
        }
    }
}

impl SmsState {
    const ALL: [Self; 7] = [
        Self::Reserved,
        Self::Sending,
        Self::Unknown,
        Self::Accepted,
        Self::Delivered,
        Self::Undelivered,
        Self::Refused,
    ];

    /// As it stands in the table, and as an operator reads it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Sending => "sending",
            Self::Unknown => "unknown",
            Self::Accepted => "accepted",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Refused => "refused",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}
