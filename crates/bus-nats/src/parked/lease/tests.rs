//! Against a real server: who wrote a lease, it alone knows.

use std::sync::Arc;

use bus::Group;
use bus_node::{ManualClock, Surroundings};
use mailbox_event::UnixMillis;
use testkit::nats::{Nats, Version};

use super::*;
use crate::{NatsBus, NatsSettings, groups::Place};

/// Of a node that holds the lease of a group, on a clock that stands.
struct Scene {
    broker: Broker,
    clock: ManualClock,
    lease: Lease,
    _server: Nats,
    _bus: NatsBus,
}

async fn held() -> Scene {
    let server = Nats::start(Version::Debian).await;
    let clock = ManualClock::new(UnixMillis(1_700_000_000_000));
    let settings = NatsSettings { servers: vec![server.url()], ..NatsSettings::default() };
    let surroundings = Surroundings { clock: Arc::new(clock.clone()), ..Surroundings::default() };
    let bus = NatsBus::connect(settings, surroundings).await.unwrap();
    let broker = Broker::new(bus.open_node().unwrap());
    let place = Place::new(&broker.settings.prefix, &Group("alarm mail".to_owned())).unwrap();
    let mut lease = Lease::new(&place.token, Bytes::from_static(b"us"));
    assert!(lease.keep(&broker).await.unwrap());
    Scene { broker, clock, lease, _server: server, _bus: bus }
}

impl Scene {
    /// A put reaches the server, and its answer nobody: the round ended meanwhile.
    async fn put_unheard(&self) {
        self.lease.put(&self.broker, self.lease.held).await.unwrap();
    }

    async fn lies(&self) -> bool {
        values::get(&self.broker, Bucket::Leases, &self.lease.key).await.unwrap().is_some()
    }
}

#[tokio::test]
async fn a_holder_that_gave_up_a_keep_before_its_answer_holds_it_still() {
    let mut scene = held().await;
    scene.put_unheard().await;
    scene.clock.advance(KEEP);
    assert!(scene.lease.keep(&scene.broker).await.unwrap());
}

#[tokio::test]
async fn a_holder_that_gave_up_a_keep_before_its_answer_can_free_it() {
    let mut scene = held().await;
    scene.put_unheard().await;
    assert!(scene.lease.free(&scene.broker).await);
    assert!(!scene.lies().await, "others need not wait until it is over");
}

#[tokio::test]
async fn a_lease_that_is_gone_is_lost_before_it_is_taken_again() {
    let mut scene = held().await;
    let key = &scene.lease.key;
    values::delete(&scene.broker, Bucket::Leases, key, scene.lease.held).await.unwrap();
    for is_ours in [false, true] {
        scene.clock.advance(KEEP);
        assert_eq!(scene.lease.keep(&scene.broker).await.unwrap(), is_ours);
    }
}

#[tokio::test]
async fn a_lease_that_another_wrote_is_neither_kept_nor_freed() {
    for keeps in [true, false] {
        let mut scene = held().await;
        let theirs = (Bytes::from_static(b"them"), HELD);
        let key = scene.lease.key.clone();
        values::compare_and_put(&scene.broker, Bucket::Leases, &key, theirs, scene.lease.held).await.unwrap();
        scene.clock.advance(KEEP);
        let is_ours = if keeps {
            scene.lease.keep(&scene.broker).await.unwrap()
        } else {
            scene.lease.free(&scene.broker).await
        };
        assert!(!is_ours && scene.lies().await);
    }
}
