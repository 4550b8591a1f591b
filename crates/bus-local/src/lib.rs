//! The bus in one process, kept in SQLite.
//!
//! One thread writes what is queued in one transaction ("group commit"); an answer means that
//! the transaction is committed. Durable means: survives the death of the process. A power cut can lose the last
//! transactions, for the write-ahead log is synced at checkpoints only.
//!
//! Whether a state is stored is decided in memory where its account is known there: its listeners hear it and its readers
//! see it at once, and the writer stores what came within a millisecond together, of each account the last. The
//! answer waits for that as every other. So a crash may take a state with it that was heard, and a failing disk may
//! refuse one; but then its writer has no answer, or an error, and tries again.
//!
//! States and values that were written or read lately are also held in memory, and which keys have a value, so that who
//! reads one, or finds that there is none, does not wait behind the writer's queue.
//!
//! Live delivery never touches the disk: key listeners are held in memory.

mod ahead;
mod bus;
mod checkpoints;
mod known;
mod open;
mod settings;
mod shared;
mod tables;
mod telling;
mod worker;
mod writer;

pub use bus::LocalBus;
pub use bus_node::{Clock, Jitter, LiveCounts, ManualClock, Sleep, Surroundings, SystemClock, full_jitter};
pub use open::OpenError;
pub use settings::LocalBusSettings;
pub use tables::GroupDepth;
