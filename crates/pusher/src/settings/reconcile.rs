//! When what is known is compared with the mail server's own answer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Credential, limits};

/// Comparing the accounts that have streams here, so far as the mail server can be asked in a client's name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReconcileSettings {
    /// How often each account is compared, spread by a fifth to either side. `0s`: only where there is a reason, which
    /// is a start, or that notifications were lost.
    #[serde(with = "kit::config::duration")]
    pub every: Duration,
    /// Accounts that all have a reason are spread over this, or more if there are too many for `at_once`.
    #[serde(with = "kit::config::duration")]
    pub window: Duration,
    /// Questions at the same time. They count among the checks of credentials too, and leave room for those.
    pub at_once: usize,
}

impl Default for ReconcileSettings {
    fn default() -> Self {
        Self { every: Duration::from_secs(600), window: Duration::from_secs(60), at_once: 4 }
    }
}

impl ReconcileSettings {
    /// What would work badly beside these credentials.
    pub(super) fn problems(&self, credentials: &[Credential]) -> Vec<String> {
        let takes_all_room = |credential: &Credential| match credential {
            // Who allows one check at a time has no room to leave.
            Credential::Upstream(upstream) => self.at_once >= upstream.at_once.max(2),
            Credential::Jwt(_) => false,
        };
        let minute = Duration::from_secs(60);
        let checks = [
            (!self.every.is_zero() && self.every < minute, "every: must be at least 1m, or 0s for never"),
            (self.window < Duration::from_secs(1), "window: must be at least 1s"),
            (self.at_once == 0, "at_once: must be at least 1"),
            (
                credentials.iter().any(takes_all_room),
                "at_once: must be below that of upstream, for new streams",
            ),
        ];
        limits::problems(&checks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::UpstreamSettings;

    fn problems(reconcile: &str, checks_at_once: usize) -> Vec<String> {
        let reconcile: ReconcileSettings = serde_json::from_str(reconcile).unwrap();
        let upstream = UpstreamSettings::new("http://127.0.0.1/jmap/");
        reconcile.problems(&[Credential::Upstream(UpstreamSettings { at_once: checks_at_once, ..upstream })])
    }

    #[test]
    fn what_would_work_badly_is_named() {
        assert!(problems("{}", 32).is_empty());
        assert!(problems(r#"{"every": "0s"}"#, 32).is_empty());
        assert!(problems(r#"{"every": "5s"}"#, 32)[0].starts_with("every: "));
        assert!(problems(r#"{"window": "0s"}"#, 32)[0].starts_with("window: "));
        assert!(problems(r#"{"at_once": 0}"#, 32)[0].starts_with("at_once: "));
    }

    #[test]
    fn sign_ins_keep_room() {
        assert!(problems("{}", 4)[0].starts_with("at_once: must be below"));
        assert!(problems(r#"{"at_once": 1}"#, 1).is_empty());
    }
}
