//! Which services a process runs.

use std::net::{Ipv4Addr, SocketAddr};

/// What a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything in one process.
    Standalone,
    /// relay, beside the mail server.
    Relay,
    /// pusher, one of any number.
    Pusher,
    /// notifyd, one of any number.
    Notifyd,
    /// An operator's command, which runs none and only reads the configuration of one that does.
    Operator,
}

impl Role {
    /// Whether it runs relay.
    pub fn has_relay(self) -> bool {
        matches!(self, Self::Standalone | Self::Relay)
    }

    /// Whether it runs pusher.
    pub fn has_pusher(self) -> bool {
        matches!(self, Self::Standalone | Self::Pusher)
    }

    /// Whether it runs notifyd.
    pub fn has_notifyd(self) -> bool {
        matches!(self, Self::Standalone | Self::Notifyd)
    }

    /// Whether it is one process of several, which meet on a bus outside of them.
    pub fn is_apart(self) -> bool {
        matches!(self, Self::Relay | Self::Pusher | Self::Notifyd)
    }

    /// Whether it names accounts as the mail server does. notifyd is told names by jobs.
    pub fn names_accounts(self) -> bool {
        self.has_relay() || self.has_pusher()
    }

    /// As it is called in the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standalone => "standalone",
            Self::Relay => "relay",
            Self::Pusher => "pusher",
            Self::Notifyd => "notifyd",
            Self::Operator => "operator",
        }
    }

    /// Where NATS answers it: permissions can keep each service from reading what others are answered.
    pub fn inbox(self) -> &'static str {
        match self {
            Self::Standalone => "_INBOX_standalone",
            Self::Relay => "_INBOX_relay",
            Self::Pusher => "_INBOX_pusher",
            Self::Notifyd => "_INBOX_notifyd",
            Self::Operator => "_INBOX_operator",
        }
    }

    /// Its admin port where none is configured: each its own, since several may run on one machine.
    pub fn admin_port(self) -> SocketAddr {
        let port = match self {
            Self::Standalone | Self::Pusher | Self::Operator => 8082,
            Self::Relay => 8083,
            Self::Notifyd => 8084,
        };
        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    }
}
