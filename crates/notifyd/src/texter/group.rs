//! How the bus runs the jobs.

use std::time::Duration;

use ::sieve::MOST_DESTINATIONS;
use bus::{Backoff, GroupSettings, JobKind};

use super::Switchboard;
use crate::service::FACTOR;

/// A gateway tells nobody that it is back, so it is asked again at least so often.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// For the database, before and after each call.
const OF_THE_LEDGER: Duration = Duration::from_secs(60);

impl Switchboard {
    /// A job ends when its message is of no more use, and not before.
    pub(crate) fn group_settings(&self) -> GroupSettings {
        let (everybody, sms) = (&self.post.settings, &self.settings);
        let longest = everybody.backoff.longest().min(LONGEST_WAIT);
        let first = everybody.backoff.first().min(longest);
        let most = u32::try_from(MOST_DESTINATIONS).unwrap_or(u32::MAX);
        GroupSettings {
            kinds: vec![JobKind::Sms],
            concurrency: sms.concurrency,
            run_timeout: sms.gateway.timeout.saturating_add(OF_THE_LEDGER).saturating_mul(most),
            backoff: Backoff { retries: u32::MAX, first, factor: FACTOR, longest },
        }
    }
}
