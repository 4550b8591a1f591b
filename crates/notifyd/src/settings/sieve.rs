//! How much Sieve scripts may notify.

use std::{collections::BTreeMap, time::Duration};

use kit::config::Validate;
use serde::Deserialize;

use super::Means;

/// The section `notifyd.sieve`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SieveSettings {
    /// Jobs at a time, beside those of alarms.
    pub concurrency: usize,
    /// What was taken from the mail server longer ago is not sent any more.
    #[serde(with = "kit::config::duration")]
    pub useful_for: Duration,
    /// Notifications of one user in an hour; what is over is told of in one.
    pub hourly_per_user: u32,
    /// Notifications of one user to one destination in an hour.
    pub hourly_per_destination: u32,
    /// Notifications of one message.
    pub per_message: u32,
    /// What methods without a scheme stand for, by their names. Others are not followed.
    pub methods: BTreeMap<String, Means>,
    /// How long what is over is collected before it is told of.
    #[serde(with = "kit::config::duration")]
    pub merge_for: Duration,
}

impl Default for SieveSettings {
    fn default() -> Self {
        Self {
            concurrency: 4,
            // News of a message is of no use when the message itself was read long ago.
            useful_for: Duration::from_secs(24 * 60 * 60),
            hourly_per_user: 60,
            hourly_per_destination: 30,
            per_message: 10,
            methods: BTreeMap::new(),
            merge_for: Duration::from_secs(10 * 60),
        }
    }
}

impl Validate for SieveSettings {
    fn problems(&self) -> Vec<String> {
        let checks = [
            (self.concurrency == 0, "concurrency: nothing would be sent at zero"),
            (self.useful_for.is_zero(), "useful_for: nothing would be sent at zero"),
            (self.merge_for.is_zero(), "merge_for: nothing would be collected at zero"),
        ];
        checks.into_iter().filter(|(wrong, _)| *wrong).map(|(_, text)| text.to_owned()).collect()
    }
}
