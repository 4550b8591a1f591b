//! The state of an account: vectors, merging, epochs, shared entries, cursors.
//!
//! [`AccountState`] is the STATE value on the bus. Every notification becomes an [`Observation`] and is merged into it
//! by maximum; a [`Cursor`] is what a client holds of it, and [`Cursor::diff`] what moved since.
//!
//! Pure: no clock, no socket. The same observations in any order give the same numbers.

mod account_state;
mod counter;
mod cursor;
mod data_type;
mod life;
mod observation;
mod shared;
mod vector;

pub use account_state::{AccountState, Basis, Epoch, Merged};
pub use counter::Counter;
pub use cursor::{Cursor, Diff, LONGEST_CURSOR};
pub use data_type::DataType;
pub use life::Life;
pub use observation::Observation;
pub use shared::{MOST_SHARED, SharedMailbox, SharedMailboxes};
pub use vector::Vector;
