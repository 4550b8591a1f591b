//! What a node of any bus has of its own, whichever implementation stands below: time and chance as arguments, the key
//! listeners that registered on it, and what the end of a run means for its job. In memory only.

mod attempt;
mod clock;
mod keys;
mod pause;
mod reason;
mod settlement;
mod surroundings;

pub use attempt::attempt;
pub use clock::{Clock, ManualClock, Sleep, SystemClock, earlier, later, until};
pub use keys::{Added, Audience, Hearing, KeyBounds, KeyListeners, LiveCounts, Removed};
pub use pause::pause;
pub use settlement::Settlement;
pub use surroundings::{Jitter, Surroundings, full_jitter};
