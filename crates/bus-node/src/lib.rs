//! What a node of any bus has of its own, whichever implementation stands below: time and chance as arguments, and the
//! key listeners that registered on it. In memory only.

mod clock;
mod keys;
mod surroundings;

pub use clock::{Clock, ManualClock, Sleep, SystemClock, earlier, later, until};
pub use keys::{Added, Hearing, KeyBounds, KeyListeners, LiveCounts, Removed};
pub use surroundings::{Jitter, Surroundings, full_jitter};
