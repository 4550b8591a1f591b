//! Drain and overload: 200 and a time to come back, never a 5xx.

use std::time::Duration;

use pusher::{Deps, Pusher, Settings, StartError};

use crate::{
    slow_readers::{fill, sleeper},
    support::{Node, PATIENCE, mail, settings, tokens},
};

#[tokio::test]
async fn draining_streams_say_their_last_and_end() {
    let node = Node::start().await;
    node.publish(&mail(1)).await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        let mut stream = node.open("/events/").await;
        stream.event().await;
        streams.push(stream);
    }
    assert!(node.readiness.is_ready());
    node.drain.begin();
    let mut waits = Vec::new();
    for stream in &mut streams {
        let frames = stream.rest().await;
        waits.push(frames.last().unwrap().retry().unwrap());
    }
    assert!(waits.iter().all(|wait| (1_000..=10_000).contains(wait)), "{waits:?}");
    assert!(waits.windows(2).any(|two| two[0] != two[1]), "they come back spread: {waits:?}");
    node.running.await.unwrap();
    assert!(!node.readiness.is_ready());
    assert!(tokio::net::TcpStream::connect(node.address).await.is_err());
}

#[tokio::test]
async fn a_reader_that_does_not_read_does_not_hold_the_drain() {
    let mut hasty = settings();
    hasty.limits.drain = Duration::from_millis(50);
    let node = Node::with(hasty).await;
    node.publish(&mail(1)).await;
    let _sleeper = sleeper(&node).await;
    node.until_metric("pusher_streams 1").await;
    fill(&node).await;
    node.drain.begin();
    tokio::time::timeout(PATIENCE, node.running).await.expect("the drain does not end").unwrap();
}

#[tokio::test]
async fn over_its_bound_a_node_tells_one_state_and_asks_to_come_back() {
    let mut small = settings();
    small.limits.streams = 1;
    let node = Node::with(small).await;
    node.publish(&mail(5)).await;
    let mut first = node.open("/events/").await;
    first.event().await;
    let mut second = node.open("/events/").await;
    assert_eq!(second.status, 200);
    let frames = second.rest().await;
    assert!(frames.first().unwrap().retry().is_some() && frames.last().unwrap().retry().is_some());
    assert!(frames.iter().any(|frame| frame.field("event") == "push" && frame.data()["mailModSeq"] == 5));
    drop(first);
    node.until_metric("pusher_streams 0").await;
    node.until_metric("pusher_streams_turned_away_total 1").await;
    let mut third = node.open("/events/").await;
    third.event().await;
    node.publish(&mail(6)).await;
    assert_eq!(third.event().await.data()["mailModSeq"], 6);
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_at_start() {
    let refused = async |settings: Settings| {
        let bus = bus_local::LocalBus::in_memory(bus_local::LocalBusSettings::default()).unwrap();
        let deps = Deps {
            bus: std::sync::Arc::new(bus),
            tokens: tokens(),
            naming: mailbox_event::Naming::new("example.org"),
            registry: &mut prometheus_client::registry::Registry::default(),
            gate: kit::readiness::Readiness::new().gate("pusher"),
            drain: kit::drain::Drain::new(),
        };
        Pusher::bind(settings, deps).await.map(|_| ()).unwrap_err()
    };
    assert!(matches!(
        refused(Settings { credentials: Vec::new(), ..settings() }).await,
        StartError::NoCredential
    ));
    let mut open = settings();
    open.cors = pusher::Cors { origins: vec!["*".to_owned()], credentials: true };
    assert!(matches!(refused(open).await, StartError::Cors(_)));
    let nonsense = vec![crate::support::upstream("mail.example.org".to_owned())];
    assert!(matches!(
        refused(Settings { credentials: nonsense, ..settings() }).await,
        StartError::Upstream(_)
    ));
    let taken = Node::start().await;
    let error = refused(Settings { listen: taken.address, ..settings() }).await;
    assert!(matches!(error, StartError::Listen(address, _) if address == taken.address));
}
