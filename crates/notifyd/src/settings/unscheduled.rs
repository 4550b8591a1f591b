//! How owners are told of messages that were not sent.

use std::time::Duration;

use kit::config::Validate;
use serde::Deserialize;

/// The section `notifyd.unscheduled`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UnscheduledSettings {
    /// Jobs at a time, beside those of alarms.
    pub concurrency: usize,
    /// What was taken from the mail server longer ago is not sent any more.
    #[serde(with = "kit::config::duration")]
    pub useful_for: Duration,
}

impl Default for UnscheduledSettings {
    fn default() -> Self {
        // The drafts stay where they are: days later their owner still wants to know.
        Self { concurrency: 2, useful_for: Duration::from_secs(3 * 24 * 60 * 60) }
    }
}

impl Validate for UnscheduledSettings {
    fn problems(&self) -> Vec<String> {
        let checks = [
            (self.concurrency == 0, "concurrency: nothing would be sent at zero"),
            (self.useful_for.is_zero(), "useful_for: nothing would be sent at zero"),
        ];
        checks.into_iter().filter(|(wrong, _)| *wrong).map(|(_, text)| text.to_owned()).collect()
    }
}
