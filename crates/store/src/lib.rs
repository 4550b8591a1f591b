//! What is kept in SQL, and the only user of it: the ledger of effects, who reads our mail and how, and who wants none.
//!
//! On PostgreSQL and on SQLite. There is one set of migrations (`/migrations`) and one set of statements: both keep to
//! what the two engines take. Every call ends within [`Settings::acquire_timeout`] and [`Settings::statement_timeout`].
//!
//! - [`Store::open`]: connects and migrates; [`Settings`] says where to.
//! - [`Store::plan`]: the ledger, whose types allow one order of steps only.
//! - [`Store::addressee`]: a recipient's language, zone and hour cycle, and whether a mail is wanted at all.
//! - [`Store::mute`], [`Store::muted`].
//! - [`Store::admit`], [`Store::due_windows`]: budgets, and notices of what was over them.
//! - [`Store::reserve`], [`Store::credit`]: text messages and what they cost; [`Store::numbers`]: whose numbers they go to.

mod budget;
mod database;
mod digest;
mod effect;
mod error;
mod group_commit;
mod mute;
mod open;
mod recipient;
mod settings;
mod sms;
mod statement;
mod together;
mod window;

pub use budget::{Admission, Budget, Merge, ScopeKey};
pub use digest::{EffectKey, EventKey, RecipientKey};
pub use effect::{Beginning, Effect, EffectKind, End, Ending, Interrupted, Outcome, Planned, Sending};
pub use error::{DriverError, OpenError, StoreError};
pub use mute::{MuteScope, Muted, MutedBy};
pub use open::Store;
pub use recipient::{Addressee, HourCycle, Reader};
pub use settings::{Settings, TableName};
pub use sms::{
    Credit, CreditError, Doubtful, Entry, InDoubt, Receipt, ReceiptStatus, Received, Reservation, Sms,
    SmsState, Texting, Worded,
};
pub use window::{DueWindows, NoticeKind, Window};
