//! Where Sieve scripts may have something posted to.

use std::{path::PathBuf, time::Duration};

use kit::config::{Secret, Validate};
use serde::Deserialize;
use sms_gateway::signature::{InvalidKey, SigningKey};

use crate::{
    smtp::TrustError,
    webhook::{Hosts, InvalidHost},
};

/// The section `notifyd.webhook`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookSettings {
    /// Names and addresses of hosts; `*.example.org` stands for every name below `example.org`.
    pub hosts: Vec<String>,
    /// Their ports.
    pub ports: Vec<u16>,
    /// `whsec_` and base64 of 24 to 64 octets; what is posted is signed with it.
    pub secret: Secret,
    /// Whether a host may have an address that is not public: of this machine, of a private network.
    pub allow_private: bool,
    /// A file of certificates (PEM). A host's must be signed by one of these, instead of by one that the system trusts.
    pub ca: Option<PathBuf>,
    /// How long a host may take, from connecting to its answer.
    #[serde(with = "kit::config::duration")]
    pub timeout: Duration,
    /// POSTs at a time.
    pub concurrency: usize,
}

/// Why nothing can be posted.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// A host of the list is none.
    #[error(transparent)]
    Host(#[from] InvalidHost),
    /// The secret is no key.
    #[error(transparent)]
    Secret(#[from] InvalidKey),
    /// No host could be told from another.
    #[error("hosts cannot be told from others")]
    Trust(#[from] TrustError),
    /// The client refuses.
    #[error("no HTTP client")]
    Client(#[from] reqwest::Error),
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            ports: vec![443],
            secret: Secret::new(""),
            allow_private: false,
            ca: None,
            // Whoever has more to do than that can answer first and do it then.
            timeout: Duration::from_secs(10),
            concurrency: 4,
        }
    }
}

impl WebhookSettings {
    /// Where may be posted to.
    pub(crate) fn allowed(&self) -> Result<Hosts, InvalidHost> {
        Hosts::new(&self.hosts, &self.ports, self.allow_private)
    }
}

impl Validate for WebhookSettings {
    fn problems(&self) -> Vec<String> {
        let host = self.allowed().err().map(|why| format!("hosts: {why}"));
        let secret = SigningKey::new(&self.secret).err().map(|why| format!("secret: {why}"));
        let checks = [
            (self.hosts.is_empty(), "hosts: nothing would be posted without any"),
            (self.ports.is_empty() || self.ports.contains(&0), "ports: are numbers from 1, and at least one"),
            (self.timeout.is_zero(), "timeout: nobody answers at once"),
            (self.concurrency == 0, "concurrency: nothing would be posted at zero"),
        ];
        let own = checks.into_iter().filter(|(wrong, _)| *wrong).map(|(_, text)| text.to_owned());
        own.chain(host).chain(secret).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_problem_is_told_and_the_secret_is_not() {
        let sound = WebhookSettings {
            hosts: vec!["*.example.org".into()],
            secret: Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            ..WebhookSettings::default()
        };
        assert_eq!(sound.problems(), [""; 0]);
        let wrong = WebhookSettings {
            hosts: vec!["*.org".into()],
            ports: vec![0],
            secret: Secret::new("hunter2"),
            timeout: Duration::ZERO,
            concurrency: 0,
            ..sound
        };
        let problems = wrong.problems();
        assert_eq!(problems.len(), 5, "{problems:?}");
        assert!(!problems.concat().contains("hunter2"));
        assert_eq!(WebhookSettings::default().problems().len(), 2);
    }
}
