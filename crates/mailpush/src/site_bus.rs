//! Where the services of a site meet: the one place that chooses an implementation of the bus.

use std::{path::Path, sync::Arc, time::Duration};

use bus::{Bus, BusError, Group};
use bus_local::{LocalBus, LocalBusSettings};
use bus_nats::{NatsBus, NatsCounts, NatsSettings};
use kit::config::{Validate, within};
use serde::Deserialize;

use crate::{bus_words::may_pass, proof, role::Role};

/// Which bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// In the process, kept in its folder.
    #[default]
    Local,
    /// NATS with JetStream.
    Nats,
}

/// The section `bus`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Which of the two.
    pub kind: Kind,
    /// Bounds of the one in the process.
    pub local: LocalBusSettings,
    /// NATS, and who we are there.
    pub nats: NatsSettings,
}

impl Settings {
    /// What is wrong with the one that is chosen.
    pub fn problems(&self) -> Vec<String> {
        match self.kind {
            // Whoever names a server means it.
            Kind::Local if self.nats != NatsSettings::default() => {
                vec![
                    "nats: is set, and bus.kind is \"local\": set kind = \"nats\", or leave the section out"
                        .to_owned(),
                ]
            }
            Kind::Local => within("local", self.local.problems()).collect(),
            Kind::Nats => within("nats", self.nats.problems()).collect(),
        }
    }
}

/// Keys that once stood in `bus` itself.
const OF_LOCAL: [&str; 11] = [
    "writer_queue",
    "largest_value",
    "state_cache",
    "value_cache",
    "max_jobs",
    "max_dead_letters",
    "remember_finished",
    "max_finished",
    "max_values",
    "max_key_registrations",
    "max_live_runs",
];

/// Where a key of an earlier release is, if it moved.
pub fn moved(key: &str) -> Option<String> {
    match key.strip_prefix("bus.")? {
        "path" => Some("is gone: the bus in the process lies in data".to_owned()),
        key if OF_LOCAL.contains(&key) => Some("moved to [bus.local]".to_owned()),
        _ => None,
    }
}

/// The bus of a site. Clones are the same node.
#[derive(Clone)]
pub enum SiteBus {
    /// In the process.
    Local(LocalBus),
    /// NATS.
    Nats(NatsBus),
}

/// How much work a group has before it.
#[derive(Debug)]
pub struct Depth {
    /// The group.
    pub group: Group,
    /// Jobs that wait, for their turn or for their next attempt, or run.
    pub jobs: u64,
    /// How long ago the oldest of them was dispatched. On NATS, of those that do not wait for their next attempt.
    pub oldest: Option<Duration>,
    /// Its dead letters.
    pub dead_letters: u64,
}

impl From<bus_local::GroupDepth> for Depth {
    fn from(depth: bus_local::GroupDepth) -> Self {
        let bus_local::GroupDepth { group, pending, oldest, dead_letters } = depth;
        Self { group, jobs: pending, oldest, dead_letters }
    }
}

impl From<bus_nats::GroupDepth> for Depth {
    fn from(depth: bus_nats::GroupDepth) -> Self {
        let bus_nats::GroupDepth { group, pending, oldest, parked, dead_letters } = depth;
        Self { group, jobs: pending.saturating_add(parked), oldest, dead_letters }
    }
}

/// While a person is to act.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// The settings of a process that is `role`. The key leaves it as a fingerprint only.
pub fn on_nats(role: Role, settings: &NatsSettings, key: Option<&[u8]>) -> NatsSettings {
    let host = rustix::system::uname();
    NatsSettings {
        inbox: role.inbox().to_owned(),
        name: format!("{} {}", role.name(), host.nodename().to_string_lossy()),
        fingerprint: key.map(proof::fingerprint),
        ..settings.clone()
    }
}

impl SiteBus {
    /// Opens the one in the process, which lies in `data`, or begins to connect to NATS: see [`Self::ready`].
    pub async fn open(role: Role, settings: &Settings, data: &Path, key: &[u8]) -> Result<Self, BusError> {
        match settings.kind {
            Kind::Local => LocalBus::open(&data.join("bus.db"), settings.local.clone()).map(Self::Local),
            Kind::Nats => {
                let settings = on_nats(role, &settings.nats, Some(key));
                NatsBus::start(settings, bus_node::Surroundings::default()).await.map(Self::Nats)
            }
        }
    }

    /// Waits until it can be used, for as long as that takes, also for a person to mend what is wrong with NATS. Fails
    /// when it is this process that is wrong.
    pub async fn ready(&self) -> Result<(), BusError> {
        let Self::Nats(bus) = self else { return Ok(()) };
        loop {
            match bus.ready().await {
                Err(error) if may_pass(&error) => tokio::time::sleep(LOOK_AGAIN).await,
                ready => return ready,
            }
        }
    }

    /// Whether it can be used within `patience`.
    pub async fn is_ready_within(&self, patience: Duration) -> Result<bool, BusError> {
        match tokio::time::timeout(patience, self.ready()).await {
            Ok(ready) => ready.map(|()| true),
            Err(_) => Ok(false),
        }
    }

    /// A node for one service. In one process each has its own, as it would in a process of its own; on NATS they share
    /// a connection.
    pub fn node(&self) -> Arc<dyn Bus> {
        match self {
            Self::Local(bus) => Arc::new(bus.another_node()),
            Self::Nats(bus) => Arc::new(bus.clone()),
        }
    }

    /// How much work each group has before it.
    pub async fn depth(&self) -> Result<Vec<Depth>, BusError> {
        Ok(match self {
            Self::Local(bus) => bus.depth().await?.into_iter().map(Depth::from).collect(),
            Self::Nats(bus) => bus.depth().await?.into_iter().map(Depth::from).collect(),
        })
    }

    /// What happened on this node of NATS, if it is that.
    pub fn nats_counts(&self) -> Option<NatsCounts> {
        match self {
            Self::Local(_) => None,
            Self::Nats(bus) => Some(bus.counts()),
        }
    }

    /// Ends it in order.
    pub async fn close(&self) {
        match self {
            Self::Local(bus) => bus.close().await,
            Self::Nats(bus) => bus.close().await,
        }
    }
}
