//! Notifications of Sieve scripts by a signed POST (`docs/sieve.md`): only to hosts that the operator allows, once for
//! each event as far as the host heeds `Idempotency-Key`, and without one host's trouble becoming another's.

mod caller;
mod conduct;
mod hosts;
mod payload;
mod poster;
mod public;
mod resolver;
mod verdict;

use caller::{Caller, Unposted};
use conduct::Conduct;
pub(crate) use hosts::Hosts;
pub use hosts::InvalidHost;
pub(crate) use payload::Payload;
pub(crate) use poster::{Poster, post_key, without_fragment};
