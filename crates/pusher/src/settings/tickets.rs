//! Tickets for streams.

use std::time::Duration;

use bus::Bucket;
use kit::config::Validate;
use serde::{Deserialize, Serialize};

/// Tickets for streams of a browser's EventSource, which cannot send an Authorization.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TicketSettings {
    /// How long a ticket waits for its first use.
    #[serde(with = "kit::config::duration")]
    pub lasts: Duration,
    /// How long streams come back with a ticket that was used. A password has no end of its own, so this is its end
    /// here; a signed token may end before.
    #[serde(with = "kit::config::duration")]
    pub session: Duration,
    /// Tickets that one account is given in a minute, on each node.
    pub per_minute: u32,
}

impl Default for TicketSettings {
    fn default() -> Self {
        Self { lasts: Duration::from_secs(60), session: Duration::from_secs(3600), per_minute: 30 }
    }
}

impl Validate for TicketSettings {
    fn problems(&self) -> Vec<String> {
        let checks = [
            (self.lasts < Duration::from_secs(1), "lasts: must be at least 1s"),
            (self.session < self.lasts, "session: must be at least as long as lasts"),
            (self.per_minute == 0, "per_minute: nobody would be given a ticket"),
        ];
        // `lasts` is no longer.
        let beyond = super::beyond("session", self.session, Bucket::Tickets);
        super::limits::problems(&checks).into_iter().chain(beyond).collect()
    }
}
