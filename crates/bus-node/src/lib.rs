//! What a node of any bus has of its own, whichever implementation stands below: time and chance as arguments, the key
//! listeners that registered on it, and the words for what a listener failed of. In memory only.

mod clock;
mod keys;
mod pause;
mod reason;
mod surroundings;

pub use clock::{Clock, ManualClock, Sleep, SystemClock, earlier, later, until};
pub use keys::{Added, Hearing, KeyBounds, KeyListeners, LiveCounts, Removed};
pub use pause::pause;
pub use reason::{LONGEST_REASON, reason};
pub use surroundings::{Jitter, Surroundings, full_jitter};
