//! What is kept in SQL, and the only user of it: the ledger of effects, who reads our mail and how, and who wants none.
//!
//! On PostgreSQL and on SQLite. There is one set of migrations (`/migrations`) and one set of statements: both keep to
//! what the two engines take. Every call ends within [`Settings::acquire_timeout`] and [`Settings::statement_timeout`].
//!
//! - [`Store::open`]: connects and migrates; [`Settings`] says where to.
//! - [`Store::plan`]: the ledger, whose types allow one order of steps only.
//! - [`Store::reader`]: a recipient's language, zone and hour cycle.
//! - [`Store::mute`], [`Store::is_muted`].

mod database;
mod digest;
mod effect;
mod error;
mod mute;
mod open;
mod recipient;
mod settings;
mod statement;

pub use digest::{EffectKey, EventKey, RecipientKey};
pub use effect::{Effect, EffectKind, End, Ending, Interrupted, Outcome, Planned, Sending};
pub use error::{DriverError, OpenError, StoreError};
pub use mute::{MuteScope, MutedBy};
pub use open::Store;
pub use recipient::{HourCycle, Reader};
pub use settings::{Settings, TableName};
