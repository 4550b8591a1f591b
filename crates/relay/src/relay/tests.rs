use std::os::{fd::OwnedFd, unix::net::UnixStream};

use bus_local::{LocalBus, LocalBusSettings};
use kit::readiness::Readiness;
use mailbox_event::{AccountTokens, Naming};
use prometheus_client::registry::Registry;

use super::*;
use crate::clock;

#[tokio::test]
async fn a_datagram_socket_that_fails_ends_relay_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings { dlist: Some(folder.path().join("dlist")), ..Settings::default() };
    settings.spool.folder = folder.path().join("spool");
    // It passes for a datagram socket until it is read: a listener gives connections and no octets.
    let listener = StdListener::bind(folder.path().join("no-datagrams")).unwrap();
    let activated = Activated { streams: Vec::new(), datagrams: vec![OwnedFd::from(listener).into()] };
    let (readiness, drain) = (Readiness::new(), Drain::new());
    let deps = Deps {
        bus: Arc::new(LocalBus::in_memory(LocalBusSettings::default()).unwrap()),
        tokens: AccountTokens::new(b"a key of the tests"),
        naming: Naming::new("example.org"),
        registry: &mut Registry::default(),
        gate: readiness.gate("relay"),
        activated,
        clock: clock::system,
    };
    let relay = Relay::bind(settings, deps).unwrap();
    let ended = timeout(CHECK_EVERY * 20, relay.run(drain.clone())).await.expect("ends by itself");
    assert!(matches!(ended, Err(RunError::Socket(_))));
    assert!(drain.is_draining());
    assert_eq!(readiness.down()[0].reason, "socket cannot be read");
    assert!(UnixStream::connect(folder.path().join("dlist")).is_err());
}
