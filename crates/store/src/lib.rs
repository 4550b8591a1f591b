//! What is kept in SQL, and the only user of it: the ledger of effects.
//!
//! SQLite for now. The migrations and statements keep to what PostgreSQL takes too.

mod effect;
mod error;
mod key;
mod open;

pub use effect::{Effect, EffectKind, Interrupted, Outcome, Planned, Sending};
pub use error::{OpenError, StoreError};
pub use key::EffectKey;
pub use open::Store;
