//! Settings: where NATS is, who we are there, and the bounds of everything the bus keeps.

mod access;
mod bounds;

use std::{ops::RangeInclusive, str::FromStr, time::Duration};

use async_nats::ServerAddr;
use kit::config::{Validate, within};
use serde::{Deserialize, Serialize};

use crate::link::FIRST_WAIT;

pub use access::{Credentials, Tls, is_credentials_file};
pub use bounds::Bounds;

/// How a [`crate::NatsBus`] reaches NATS and what it may take there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NatsSettings {
    /// `nats://host:port` or `tls://host:port`; the nodes of one cluster.
    pub servers: Vec<String>,
    /// The name of the installation: the first token of every subject and the beginning of every stream's name, so that
    /// several may share a NATS. Letters, digits, `_` and `-`.
    pub prefix: String,
    /// How live messages reach this node.
    pub mode: Mode,
    /// Who we are.
    pub credentials: Credentials,
    /// Transport security.
    pub tls: Tls,
    /// Copies that NATS keeps of each stream: 1, or 3 in a cluster.
    pub replicas: usize,
    /// How long one call to NATS may take before it has failed.
    #[serde(with = "kit::config::duration")]
    pub request_timeout: Duration,
    /// How long [`crate::NatsBus::connect`] waits for a server that takes us.
    #[serde(with = "kit::config::duration")]
    pub connect_timeout: Duration,
    /// The longest wait between two attempts to reach NATS again; each is spread by full jitter.
    #[serde(with = "kit::config::duration")]
    pub longest_reconnect_wait: Duration,
    /// How long a job that a node runs is its own without a sign of life of that node.
    #[serde(with = "kit::config::duration")]
    pub ack_wait: Duration,
    /// How long NATS knows a dispatched job, so that the same message dispatched again makes no second one: longer than
    /// a sender needs to come back from an outage and send its spool again. NATS holds what it knows in memory.
    #[serde(with = "kit::config::duration")]
    pub duplicate_window: Duration,
    /// The first token of the subjects on which answers come. Set by the program, for NATS' permissions: no service is to
    /// read what another is answered.
    #[serde(skip)]
    pub inbox: String,
    /// A fingerprint of the key that names accounts: NATS is not used where another one was noted. Set by the program;
    /// without it nobody looks.
    #[serde(skip)]
    pub fingerprint: Option<String>,
    /// What this node is called where NATS lists its connections. Set by the program.
    #[serde(skip)]
    pub name: String,
    /// What may be kept.
    pub bounds: Bounds,
}

/// How live messages reach a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// NATS sends a node what concerns the keys that are registered there, and nothing else.
    #[default]
    Interest,
    /// NATS sends every node everything, and the node looks for whom it is.
    Broadcast,
}

impl Default for NatsSettings {
    fn default() -> Self {
        Self {
            servers: vec!["nats://127.0.0.1:4222".to_owned()],
            prefix: "mailpush".to_owned(),
            mode: Mode::Interest,
            credentials: Credentials::default(),
            tls: Tls::default(),
            replicas: 1,
            request_timeout: Duration::from_secs(2),
            connect_timeout: Duration::from_secs(10),
            longest_reconnect_wait: Duration::from_secs(4),
            ack_wait: Duration::from_secs(30),
            duplicate_window: Duration::from_mins(2),
            inbox: "_INBOX".to_owned(),
            fingerprint: None,
            name: String::new(),
            bounds: Bounds::default(),
        }
    }
}

/// The longest prefix: subjects and the names of streams stay well below what NATS takes.
const LONGEST_PREFIX: usize = 64;

/// NATS counts in nanoseconds of 64 bits; a day is more than either time is good for.
const SPANS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(24);

fn is_prefix(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    !text.is_empty() && text.len() <= LONGEST_PREFIX && text.chars().all(is_plain)
}

/// What is wrong with the address of a server, which is not shown: it may hold a password.
fn server_problem(server: &str) -> Option<&'static str> {
    const NO_URL: &str = "servers: is no URL like nats://host:4222 or tls://host:4222";
    let has_scheme = ["nats://", "tls://"].iter().any(|scheme| server.starts_with(scheme));
    match ServerAddr::from_str(server) {
        Err(_) => Some(NO_URL),
        Ok(address) if address.has_user_pass() || address.password().is_some() => Some(
            "servers: a URL holds a user or a password, which belong into credentials.user and credentials.password, or a \
             token into credentials.token",
        ),
        // The client would take a bare name, and a WebSocket that it cannot speak.
        Ok(address) => (!has_scheme || address.host().is_empty()).then_some(NO_URL),
    }
}

impl Validate for NatsSettings {
    fn problems(&self) -> Vec<String> {
        let checks = [
            (self.servers.is_empty(), "servers: at least one is needed"),
            (!is_prefix(&self.prefix), "prefix: 1 to 64 letters, digits, _ and -"),
            (!is_prefix(&self.inbox), "inbox: 1 to 64 letters, digits, _ and -"),
            (![1, 3].contains(&self.replicas), "replicas: 1 or 3"),
            (self.request_timeout.is_zero(), "request_timeout: no call could succeed"),
            (self.connect_timeout.is_zero(), "connect_timeout: no server could be reached"),
            (
                self.longest_reconnect_wait < FIRST_WAIT,
                "longest_reconnect_wait: must be at least 50ms, or a server that is away is tried without a pause",
            ),
            (!SPANS.contains(&self.ack_wait), "ack_wait: must be at least 1s, and at most 1d"),
            (
                !SPANS.contains(&self.duplicate_window),
                "duplicate_window: must be at least 1s, and at most 1d",
            ),
        ];
        let servers = self.servers.iter().find_map(|server| server_problem(server));
        let own = checks.into_iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, text)| text);
        let own = own.chain(servers).map(str::to_owned);
        let parts =
            within("credentials", self.credentials.problems()).chain(within("tls", self.tls.problems()));
        own.chain(parts).chain(within("bounds", self.bounds.problems())).collect()
    }
}

#[cfg(test)]
mod tests;
