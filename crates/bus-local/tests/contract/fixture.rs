//! A bus on a file and on a clock that the cases move.

use std::{fs, sync::Arc, time::Duration};

use async_trait::async_trait;
use bus::{Bus, contract::Fixture};
use bus_local::{LocalBus, LocalBusSettings, ManualClock, Surroundings, full_jitter};
use mailbox_event::UnixMillis;
use tempfile::TempDir;
use tokio::sync::Mutex;

#[path = "../local/rest.rs"]
mod rest;

/// See the module.
pub struct Local {
    clock: ManualClock,
    bus: Mutex<Kept>,
    /// Buses beside it.
    others: Mutex<Vec<Kept>>,
}

/// A bus and the folder of its files.
struct Kept {
    folder: TempDir,
    bus: LocalBus,
}

/// A fresh one.
pub async fn local() -> Local {
    let clock = ManualClock::new(UnixMillis(1_700_000_000_000));
    let bus = Mutex::new(open(tempfile::tempdir().unwrap(), &clock));
    Local { clock, bus, others: Mutex::default() }
}

fn open(folder: TempDir, clock: &ManualClock) -> Kept {
    let surroundings = Surroundings { clock: Arc::new(clock.clone()), jitter: Arc::new(full_jitter) };
    let path = folder.path().join("bus.db");
    let bus = LocalBus::open_in(&path, LocalBusSettings::default(), surroundings).unwrap();
    Kept { folder, bus }
}

/// What a death of the process would leave: every file as it is at this moment.
fn remains(folder: &TempDir) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in ["bus.db", "bus.db-wal", "bus.db-shm", "bus.db-lock"] {
        fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    copy
}

#[async_trait]
impl Fixture for Local {
    async fn bus(&self) -> Arc<dyn Bus> {
        Arc::new(self.bus.lock().await.bus.clone())
    }

    async fn another_node(&self) -> Arc<dyn Bus> {
        Arc::new(self.bus.lock().await.bus.another_node())
    }

    async fn restart(&self) -> Arc<dyn Bus> {
        self.stop().await;
        let mut kept = self.bus.lock().await;
        let folder = std::mem::replace(&mut kept.folder, tempfile::tempdir().unwrap());
        *kept = open(folder, &self.clock);
        Arc::new(kept.bus.clone())
    }

    async fn another_bus(&self) -> Arc<dyn Bus> {
        let kept = open(tempfile::tempdir().unwrap(), &self.clock);
        let bus = kept.bus.clone();
        self.others.lock().await.push(kept);
        Arc::new(bus)
    }

    async fn stop(&self) {
        self.bus.lock().await.bus.close().await;
    }

    async fn kill(&self) -> Arc<dyn Bus> {
        let mut kept = self.bus.lock().await;
        let remains = remains(&kept.folder);
        kept.bus.close().await;
        *kept = open(remains, &self.clock);
        Arc::new(kept.bus.clone())
    }

    async fn pass(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    async fn settled(&self) {
        let mut buses = vec![self.bus.lock().await.bus.clone()];
        buses.extend(self.others.lock().await.iter().map(|kept| kept.bus.clone()));
        for bus in buses {
            rest::rest(&bus).await;
        }
    }
}
