//! The configuration of a site: one process, or one of several.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use kit::{
    config::{self, ConfigErrors, Loaded, Validate, has_controls, within},
    telemetry::{self, Format},
};
use serde::Deserialize;

use crate::{
    preflight,
    role::Role,
    site_bus::{self, Kind},
};

/// The start of the names of environment variables that override the file.
pub const ENVIRONMENT: &str = "MAILPUSH";

/// `mailpush.toml`. Every key can be set by the environment too: `MAILPUSH__RELAY__MODE=0660`.
///
/// Every process of a site understands the whole of it and heeds its own part, so that they may share one file.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// imapd.conf's `defaultdomain`: Cyrus says `alice` for alice@ this domain.
    pub default_domain: String,
    /// The folder for what outlives the process: bus, effects, key. Made with mode 0700.
    pub data: PathBuf,
    /// The key that names accounts on the bus, the same for all processes of a site; it must exist. `None`: it lies in
    /// `data` and is made there at the first start.
    pub key_file: Option<PathBuf>,
    /// How long everything may take to end after SIGTERM.
    #[serde(with = "kit::config::duration")]
    pub drain: Duration,
    /// What is logged, and how.
    pub log: Log,
    /// The port for operators.
    pub admin: Admin,
    /// Where the services meet.
    pub bus: site_bus::Settings,
    /// Taking notifications from the mail server.
    pub relay: relay::Settings,
    /// Streams.
    pub pusher: pusher::Settings,
    /// Alarms by mail, as texts and as POSTs.
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
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    /// Where to listen; whoever reaches it sees the metrics. `None`: where [`Role::admin_port`] says.
    pub listen: Option<SocketAddr>,
}

/// Descriptors that are neither relay's nor a stream's: databases, spool, questions to the mail server, SMTP, logs.
const OTHER_DESCRIPTORS: usize = 256;

impl Config {
    /// Reads `path` for a process that is `role`; `over` are variables that win over those of the environment.
    pub fn load(path: &Path, role: Role, over: &[(&str, String)]) -> Result<Self, ConfigErrors> {
        Self::load_with_warnings(path, role, over).map(|(config, _)| config)
    }

    /// [`Self::load`], and what does not keep the process from starting and should be mended.
    pub fn load_with_warnings(
        path: &Path,
        role: Role,
        over: &[(&str, String)],
    ) -> Result<(Self, Vec<String>), ConfigErrors> {
        let over = over.iter().map(|(name, value)| (format!("{ENVIRONMENT}__{name}"), value.clone()));
        let env = std::env::vars().chain(over);
        let problems = |config: &Self| [config.problems(role), preflight::problems(config, role)].concat();
        let loaded = config::load_for(Some(path), env, ENVIRONMENT, problems);
        let Loaded { settings, secret_files } =
            loaded.map_err(|errors| errors.explained(site_bus::moved).of_file(path))?;
        let warnings = preflight::warnings(&settings, role, &secret_files);
        Ok((settings, warnings))
    }

    /// Reads `path` for a command that works on notifyd's database alone: other secrets need not be there.
    pub fn load_for_ledger(path: &Path) -> Result<Self, ConfigErrors> {
        let problems = |config: &Self| config.problems(Role::Operator);
        let needed = Some("notifyd.database");
        let loaded = config::load_needing(Some(path), std::env::vars(), ENVIRONMENT, needed, problems);
        let loaded = loaded.map_err(|errors| errors.explained(site_bus::moved).of_file(path))?;
        Ok(loaded.settings)
    }

    /// Where `role` has its admin port.
    pub fn admin_port(&self, role: Role) -> SocketAddr {
        self.admin.listen.unwrap_or_else(|| role.admin_port())
    }

    /// What is wrong for a process that is `role`: the parts of others are not its business.
    pub fn problems(&self, role: Role) -> Vec<String> {
        let part = |has: bool, name, problems: &dyn Fn() -> Vec<String>| {
            within(name, if has { problems() } else { Vec::new() })
        };
        let wrong = self.own_problems(role).into_iter().filter(|(wrong, _)| *wrong);
        wrong
            .map(|(_, problem)| problem.to_owned())
            .chain(self.doubled_listeners(role))
            .chain(telemetry::problem(&self.log.filter).map(|why| format!("log.filter: {why}")))
            .chain(part(role != Role::Operator, "bus", &|| self.bus.problems()))
            .chain(part(role.has_relay(), "relay", &|| self.relay.problems()))
            .chain(part(role.has_pusher(), "pusher", &|| self.pusher.problems()))
            .chain(part(role.has_notifyd(), "notifyd", &|| self.notifyd.problems()))
            .collect()
    }

    /// Each address that one process listens on twice, by the names of both keys.
    fn doubled_listeners(&self, role: Role) -> Vec<String> {
        let mute = self.notifyd.mute.as_ref().filter(|_| role.has_notifyd());
        let listeners = [
            (role != Role::Operator).then(|| ("admin.listen", self.admin_port(role))),
            role.has_pusher().then_some(("pusher.listen", self.pusher.listen)),
            mute.map(|mute| ("notifyd.mute.listen", mute.listen)),
        ];
        let listeners: Vec<_> = listeners.into_iter().flatten().collect();
        let mut doubled = Vec::new();
        for (place, (key, address)) in listeners.iter().enumerate() {
            let earlier = listeners.iter().take(place).filter(|(_, other)| is_same_port(*address, *other));
            doubled.extend(earlier.map(|(other, theirs)| {
                format!("{key}: {address} cannot be listened on beside {other}, which is {theirs}")
            }));
        }
        doubled
    }

    fn own_problems(&self, role: Role) -> [(bool, &'static str); 3] {
        let domain = &self.default_domain;
        [
            (
                role.names_accounts()
                    && (domain.is_empty() || domain.contains(['@', ' ']) || has_controls(domain)),
                "default_domain: must be the mail server's default domain, like example.org",
            ),
            (
                role.is_apart() && self.bus.kind == Kind::Local,
                "bus.kind: processes of their own meet on \"nats\"",
            ),
            (
                role.is_apart() && self.key_file.is_none(),
                "key_file: must be set, all processes of a site share one key",
            ),
        ]
    }

    /// Keeps pusher from taking the descriptors that others need in a process that is `role`, above all relay: Cyrus
    /// waits for relay, with a mailbox locked.
    ///
    /// `limit` is how many the process may have; returns how many connections pusher is left with if that is fewer
    /// than configured.
    pub fn keep_descriptors(&mut self, role: Role, limit: u64) -> Option<usize> {
        let for_relay = if role.has_relay() { self.relay.max_connections } else { 0 };
        let kept = for_relay.saturating_add(OTHER_DESCRIPTORS);
        let left = usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(kept).max(1);
        let connections = &mut self.pusher.limits.connections;
        let is_fewer = left < *connections;
        *connections = left.min(*connections);
        is_fewer.then_some(left)
    }
}

/// Whether two listeners would be in each other's way. At port 0 the kernel gives each its own.
fn is_same_port(one: SocketAddr, other: SocketAddr) -> bool {
    let is_everywhere = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && one.port() != 0 && (one.ip() == other.ip() || is_everywhere)
}

impl Default for Config {
    fn default() -> Self {
        Self {
            default_domain: String::new(),
            data: PathBuf::from("/var/lib/mailpush"),
            key_file: None,
            // Longer than the pusher's window, and than notifyd waits for an answer of its SMTP server (30 s).
            drain: Duration::from_secs(45),
            log: Log::default(),
            admin: Admin::default(),
            bus: site_bus::Settings::default(),
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

#[cfg(test)]
mod tests;
