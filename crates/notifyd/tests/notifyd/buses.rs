//! A bus of either kind, on a clock that the test moves where it wants to.

use std::{sync::Arc, time::Duration};

use bus::Bus;
use bus_local::{Clock, LocalBus, LocalBusSettings, ManualClock, Surroundings, SystemClock};
use bus_nats::{Bounds, NatsBus, NatsSettings};
use tempfile::TempDir;
use testkit::nats::{Nats, Version};

use crate::setup::now;

/// Which bus.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Local,
    Nats,
}

/// A bus, and what it lies on.
pub struct Meeting {
    pub bus: Arc<dyn Bus>,
    held: Held,
}

enum Held {
    Local(LocalBus, TempDir),
    Nats(NatsBus, Box<Nats>),
}

impl Meeting {
    pub async fn of(kind: Kind) -> Self {
        Self::by(kind, Arc::new(SystemClock)).await
    }

    /// With a clock that stands still until it is moved.
    pub async fn on_a_clock(kind: Kind) -> (Self, ManualClock) {
        let clock = ManualClock::new(now());
        (Self::by(kind, Arc::new(clock.clone())).await, clock)
    }

    async fn by(kind: Kind, clock: Arc<dyn Clock>) -> Self {
        let surroundings = Surroundings { clock, ..Surroundings::default() };
        match kind {
            Kind::Local => {
                let folder = TempDir::new().unwrap();
                let file = folder.path().join("bus.sqlite");
                let bus = LocalBus::open_in(&file, LocalBusSettings::default(), surroundings).unwrap();
                Self { bus: Arc::new(bus.clone()), held: Held::Local(bus, folder) }
            }
            Kind::Nats => {
                let server = Nats::start(Version::Debian).await;
                let bus = NatsBus::start(installation(&server), surroundings).await.unwrap();
                bus.ready().await.unwrap();
                Self { bus: Arc::new(bus.clone()), held: Held::Nats(bus, Box::new(server)) }
            }
        }
    }

    pub async fn close(self) {
        match self.held {
            Held::Local(bus, _folder) => bus.close().await,
            Held::Nats(bus, _server) => bus.close().await,
        }
    }
}

/// Small, and patient with a busy machine.
fn installation(server: &Nats) -> NatsSettings {
    NatsSettings {
        servers: vec![server.url()],
        bounds: Bounds {
            state: 1 << 20,
            jobs: 8 << 20,
            parked: 2 << 20,
            dead: 2 << 20,
            bucket: 256 << 10,
            ..Bounds::default()
        },
        request_timeout: Duration::from_secs(10),
        connect_timeout: Duration::from_secs(30),
        ..NatsSettings::default()
    }
}
