//! The configuration of a site that runs as one process.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use bus_local::LocalBusSettings;
use kit::{
    config::{Validate, within},
    telemetry::{self, Format},
};
use serde::Deserialize;

/// `mailpush.toml`. Every key can be set by the environment too: `MAILPUSH__RELAY__MODE=0660`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// imapd.conf's `defaultdomain`: Cyrus says `alice` for alice@ this domain.
    pub default_domain: String,
    /// The folder for what outlives the process: bus, effects, key. Made with mode 0700.
    pub data: PathBuf,
    /// How long everything may take to end after SIGTERM.
    #[serde(with = "kit::config::duration")]
    pub drain: Duration,
    /// What is logged, and how.
    pub log: Log,
    /// The port for operators.
    pub admin: Admin,
    /// Bounds of the embedded bus.
    pub bus: LocalBusSettings,
    /// Taking notifications from the mail server.
    pub relay: relay::Settings,
    /// Streams.
    pub pusher: pusher::Settings,
    /// Alarm mail.
    pub notifyd: notifyd::Settings,
}

/// What is logged to standard error, and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `text` or `json`.
    pub format: Format,
    /// Like `info,relay=debug`.
    pub filter: String,
}

/// `/live`, `/ready` and `/metrics`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    /// Where to listen; whoever reaches it sees the metrics.
    pub listen: SocketAddr,
}

/// Descriptors that are neither relay's nor a stream's: databases, spool, questions to the mail server, SMTP, logs.
const OTHER_DESCRIPTORS: usize = 256;

impl Config {
    /// Keeps pusher from taking the descriptors that relay needs: Cyrus waits for relay, with a mailbox locked.
    ///
    /// `limit` is how many the process may have; returns how many connections pusher is left with if that is fewer
    /// than configured.
    pub fn keep_descriptors_for_relay(&mut self, limit: u64) -> Option<usize> {
        let kept = self.relay.max_connections.saturating_add(OTHER_DESCRIPTORS);
        let left = usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(kept).max(1);
        let connections = &mut self.pusher.limits.connections;
        let is_fewer = left < *connections;
        *connections = left.min(*connections);
        is_fewer.then_some(left)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            default_domain: String::new(),
            data: PathBuf::from("/var/lib/mailpush"),
            // Longer than the pusher's window, and than notifyd waits for an answer of its SMTP server (30 s).
            drain: Duration::from_secs(45),
            log: Log::default(),
            admin: Admin::default(),
            bus: LocalBusSettings::default(),
            relay: relay::Settings::default(),
            pusher: pusher::Settings::default(),
            notifyd: notifyd::Settings::default(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: Format::default(), filter: "info".to_owned() }
    }
}

impl Default for Admin {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8082)) }
    }
}

impl Validate for Config {
    fn problems(&self) -> Vec<String> {
        let domain = &self.default_domain;
        let own = [
            (
                domain.is_empty() || domain.contains(['@', ' ']),
                "default_domain: must be the mail server's default domain, like example.org",
            ),
            (
                // At port 0 the kernel gives each its own.
                self.admin.listen.port() != 0 && self.admin.listen == self.pusher.listen,
                "admin.listen: is that of pusher",
            ),
        ];
        let wrong = own.iter().filter(|(wrong, _)| *wrong).map(|(_, problem)| (*problem).to_owned());
        wrong
            .chain(telemetry::problem(&self.log.filter).map(|why| format!("log.filter: {why}")))
            .chain(within("relay", self.relay.problems()))
            .chain(within("pusher", self.pusher.problems()))
            .chain(within("notifyd", self.notifyd.problems()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn at_the_root(path: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
    }

    fn load(path: &Path) -> Result<Config, kit::config::ConfigErrors> {
        kit::config::load(Some(path), std::iter::empty(), "MAILPUSH")
    }

    #[test]
    fn streams_leave_relay_its_descriptors() {
        let mut config = Config::default();
        assert_eq!(config.keep_descriptors_for_relay(1_000_000), None);
        assert_eq!(config.keep_descriptors_for_relay(1024), Some(512));
        assert_eq!(config.pusher.limits.connections, 512);
        assert_eq!(config.keep_descriptors_for_relay(10), Some(1));
    }

    #[test]
    fn the_example_for_operators_is_right() {
        let config = load(&at_the_root("deploy/mailpush.example.toml")).unwrap();
        assert_eq!(config.default_domain, "example.org");
    }

    #[test]
    fn every_key_in_the_documentation_is_there() {
        let page = std::fs::read_to_string(at_the_root("docs/configuration.md")).unwrap();
        let block = page.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), block).unwrap();
        // The block shows a login beside `tls = "none"`, and that alone is refused.
        let errors = load(file.path()).unwrap_err().to_string();
        assert_eq!(errors.lines().count(), 1, "{errors}");
        assert!(errors.contains("login without tls"), "{errors}");
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "default_domian = 'example.org'\n[relay]\nmode = '0666'\n").unwrap();
        let errors = load(file.path()).unwrap_err().to_string();
        for part in ["default_domian", "default_domain: must", "relay.mode", "pusher.credentials"] {
            assert!(errors.contains(part), "{part} is not in: {errors}");
        }
    }
}
