//! One server of each version for the tests that run at the same time, and installations on it that know nothing of
//! each other.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bus_nats::{Bounds, NatsSettings};
use testkit::nats::{Nats, Version};
use tokio::sync::Mutex;

/// Gone with the last test that uses it.
static SERVERS: [Mutex<Weak<Nats>>; 2] = [Mutex::const_new(Weak::new()), Mutex::const_new(Weak::new())];

static INSTALLATIONS: AtomicU64 = AtomicU64::new(0);

/// A server that others use too.
pub async fn shared(version: Version) -> Arc<Nats> {
    let place = Version::ALL.iter().position(|&one| one == version).unwrap();
    let mut server = SERVERS[place].lock().await;
    if let Some(server) = server.upgrade() {
        return server;
    }
    let started = Arc::new(Nats::start(version).await);
    *server = Arc::downgrade(&started);
    started
}

/// Settings of an installation of its own, so small that hundreds fit on one server.
pub fn installation(server: &Nats) -> NatsSettings {
    NatsSettings {
        servers: vec![server.url()],
        prefix: format!("p{}", INSTALLATIONS.fetch_add(1, Ordering::Relaxed)),
        bounds: Bounds {
            state: 1 << 20,
            jobs: 8 << 20,
            parked: 2 << 20,
            dead: 2 << 20,
            bucket: 256 << 10,
            ..Bounds::default()
        },
        // A busy machine takes a while.
        request_timeout: Duration::from_secs(10),
        connect_timeout: Duration::from_secs(30),
        // What a killed node held comes back soon.
        ack_wait: Duration::from_secs(1),
        longest_reconnect_wait: Duration::from_millis(100),
        ..NatsSettings::default()
    }
}
