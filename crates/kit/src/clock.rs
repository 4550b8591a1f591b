//! What the machine's clock says.

use std::time::SystemTime;

/// Milliseconds since 1970. A clock that is set before that says 0: what is due is due then, and nothing is lost.
pub fn unix_millis() -> u64 {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}
