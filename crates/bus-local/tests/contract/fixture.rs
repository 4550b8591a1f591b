//! A bus on a file and on a clock that the cases move.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bus::{Bus, contract::Fixture};
use bus_local::{LocalBus, LocalBusSettings, ManualClock, Surroundings, full_jitter};
use mailbox_event::UnixMillis;
use tokio::sync::Mutex;

#[path = "../local/rest.rs"]
mod rest;

/// See the module.
pub struct Local {
    folder: tempfile::TempDir,
    clock: ManualClock,
    bus: Mutex<LocalBus>,
}

/// A fresh one.
pub async fn local() -> Local {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new(UnixMillis(1_700_000_000_000));
    let bus = Mutex::new(open(&folder, &clock));
    Local { folder, clock, bus }
}

fn open(folder: &tempfile::TempDir, clock: &ManualClock) -> LocalBus {
    let surroundings = Surroundings { clock: Arc::new(clock.clone()), jitter: Arc::new(full_jitter) };
    LocalBus::open_in(&folder.path().join("bus.db"), LocalBusSettings::default(), surroundings).unwrap()
}

#[async_trait]
impl Fixture for Local {
    async fn bus(&self) -> Arc<dyn Bus> {
        Arc::new(self.bus.lock().await.clone())
    }

    async fn another_node(&self) -> Arc<dyn Bus> {
        Arc::new(self.bus.lock().await.another_node())
    }

    async fn restart(&self) -> Arc<dyn Bus> {
        let mut bus = self.bus.lock().await;
        bus.close().await;
        *bus = open(&self.folder, &self.clock);
        Arc::new(bus.clone())
    }

    async fn pass(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    async fn settled(&self) {
        let bus = self.bus.lock().await.clone();
        rest::rest(&bus).await;
    }
}
