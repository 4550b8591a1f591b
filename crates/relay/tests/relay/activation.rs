//! Real descriptors passed to a real process, which come through restarts.

use std::path::Path;

use bus_local::{LocalBus, LocalBusSettings};
use cyrus::{datagram, dlist};
use mailbox_event::codec;
use state::{AccountState, Counter};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixDatagram, UnixStream},
};

use crate::{
    house::{change, soon, token},
    manager::Manager,
    service,
};

const THIS_TEST: &str = "activation::sockets_that_are_passed_outlive_the_process";

#[test]
fn sockets_that_are_passed_outlive_the_process() {
    service::or_else(manage());
}

async fn manage() {
    let folder = tempfile::tempdir().unwrap();
    let mut manager = Manager::start(THIS_TEST, folder.path());
    manager.begin();
    assert_eq!(answer(begin(folder.path(), 1).await).await, "OK ()\r\n");
    manager.end();

    // Nobody is there: both forms wait in their queues for the next process.
    let waiting = begin(folder.path(), 2).await;
    let sender = UnixDatagram::unbound().unwrap();
    sender.send_to(&datagram::write(&change("bob", 3)), folder.path().join("datagram")).await.unwrap();
    manager.begin();
    assert_eq!(answer(waiting).await, "OK ()\r\n");
    manager.end();
    assert_eq!((mail(folder.path(), "alice").await, mail(folder.path(), "bob").await), (Some(2), Some(3)));
    assert!(!was_gap_told(folder.path()).await, "nothing was lost");
}

async fn begin(folder: &Path, modseq: u64) -> UnixStream {
    let mut stream = UnixStream::connect(folder.join("dlist")).await.unwrap();
    stream.write_all(&dlist::write(&change("alice", modseq))).await.unwrap();
    stream
}

async fn answer(mut stream: UnixStream) -> String {
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

async fn was_gap_told(folder: &Path) -> bool {
    let bus = LocalBus::open(&folder.join("bus.db"), LocalBusSettings::default()).unwrap();
    let told = bus::Retained::get(&bus, bus::Bucket::Gaps, bus::GAPS_OF_RELAY).await.unwrap();
    bus.close().await;
    told.is_some()
}

pub async fn mail(folder: &Path, user: &str) -> Option<u64> {
    let bus = LocalBus::open(&folder.join("bus.db"), LocalBusSettings::default()).unwrap();
    let found = bus::Retained::state(&bus, token(user)).await.unwrap()?;
    bus.close().await;
    let state: AccountState = codec::decode(&found.value).unwrap();
    Some(state.vector.get(Counter::Mail)?.0)
}
