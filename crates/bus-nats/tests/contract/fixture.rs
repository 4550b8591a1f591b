//! Nodes of an installation on a shared server, and a clock that the cases move. Each node has a runtime of its own,
//! which ends with it as its process would.

use std::{mem, sync::Arc, time::Duration};

use async_trait::async_trait;
use bus::{Bus, contract::Fixture};
use bus_nats::{NatsBus, NatsSettings};
use bus_node::{ManualClock, Surroundings, full_jitter};
use mailbox_event::UnixMillis;
use testkit::nats::{Nats, Version};
use tokio::{
    runtime::{Builder, Runtime},
    sync::Mutex,
};

use super::server::{installation, shared};

/// See the module.
pub struct OnNats {
    server: Arc<Nats>,
    settings: NatsSettings,
    clock: ManualClock,
    /// The first is the bus of the case, the others stand beside it.
    nodes: Mutex<Vec<Node>>,
    others: Mutex<Vec<Node>>,
}

struct Node {
    bus: NatsBus,
    runtime: Option<Runtime>,
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A fresh one.
pub async fn nats(version: Version) -> OnNats {
    let server = shared(version).await;
    let settings = installation(&server);
    let clock = ManualClock::new(UnixMillis(1_700_000_000_000));
    let first = node(&settings, &clock).await;
    OnNats { server, settings, clock, nodes: Mutex::new(vec![first]), others: Mutex::default() }
}

async fn node(settings: &NatsSettings, clock: &ManualClock) -> Node {
    let surroundings = Surroundings { clock: Arc::new(clock.clone()), jitter: Arc::new(full_jitter) };
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let bus = runtime.spawn(NatsBus::connect(settings.clone(), surroundings)).await.unwrap().unwrap();
    Node { bus, runtime: Some(runtime) }
}

impl OnNats {
    /// Starts the bus again, and gives back its first node.
    async fn start(&self) -> Arc<dyn Bus> {
        let first = node(&self.settings, &self.clock).await;
        let bus = first.bus.clone();
        *self.nodes.lock().await = vec![first];
        Arc::new(bus)
    }
}

/// A run is taken, ends, is settled, and the next is looked for: some round trips to the server, and some turns of the
/// tasks between them. Many times that.
const TURNS: usize = 20;

#[async_trait]
impl Fixture for OnNats {
    async fn bus(&self) -> Arc<dyn Bus> {
        Arc::new(self.nodes.lock().await[0].bus.clone())
    }

    async fn another_node(&self) -> Arc<dyn Bus> {
        let another = node(&self.settings, &self.clock).await;
        let bus = another.bus.clone();
        self.nodes.lock().await.push(another);
        Arc::new(bus)
    }

    async fn restart(&self) -> Arc<dyn Bus> {
        self.stop().await;
        self.start().await
    }

    async fn another_bus(&self) -> Arc<dyn Bus> {
        let other = node(&installation(&self.server), &self.clock).await;
        let bus = other.bus.clone();
        self.others.lock().await.push(other);
        Arc::new(bus)
    }

    async fn stop(&self) {
        for node in self.nodes.lock().await.iter() {
            node.bus.close().await;
        }
    }

    async fn kill(&self) -> Arc<dyn Bus> {
        // Their connections end with their runtimes.
        drop(mem::take(&mut *self.nodes.lock().await));
        // The server gives others what they held when its patience is over, and nothing tells when that is.
        tokio::time::sleep(self.settings.ack_wait.mul_f32(1.5)).await;
        self.start().await
    }

    async fn pass(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    async fn settled(&self) {
        for _ in 0..TURNS {
            for node in self.nodes.lock().await.iter().chain(self.others.lock().await.iter()) {
                // Fails when it is closed.
                node.bus.health().await.ok();
            }
            tokio::task::yield_now().await;
        }
    }
}
