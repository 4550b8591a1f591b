use tokio::net::UnixListener;

use super::*;
use crate::demo::world::World;

/// Takes notifications as relay does, and gives `answer` to each.
async fn take(listener: UnixListener, answer: &'static [u8], taken: mpsc::Sender<Notification>) {
    loop {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut reader = dlist::Reader::new(1 << 20);
        let notice = loop {
            let mut octets = [0; 512];
            let count = connection.read(&mut octets).await.unwrap();
            if let Some(notice) = reader.push(&octets[..count]).unwrap() {
                break notice;
            }
        };
        let dialect = Dialect::new(Naming::new(DOMAIN));
        taken.send(dialect.decode(&notice, None).unwrap()).await.unwrap();
        connection.write_all(answer).await.unwrap();
    }
}

struct Bench {
    _folder: tempfile::TempDir,
    player: Player,
    world: SharedWorld,
    taken: mpsc::Receiver<Notification>,
    datagrams: UnixDatagram,
}

fn bench(answer: &'static [u8]) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let sockets = Sockets { dlist: folder.path().join("dlist"), datagram: folder.path().join("datagram") };
    let (say, taken) = mpsc::channel(1000);
    tokio::spawn(take(UnixListener::bind(&sockets.dlist).unwrap(), answer, say));
    let datagrams = UnixDatagram::bind(&sockets.datagram).unwrap();
    let world = SharedWorld::default();
    Bench { _folder: folder, player: Player::new(sockets, world.clone()), world, taken, datagrams }
}

#[tokio::test]
async fn a_delivery_is_in_the_world_and_on_the_wire() {
    let mut bench = bench(dlist::OK);
    bench.player.act(&Deed::Deliver).await.unwrap();
    let mut twin = World::default();
    while let Ok(notification) = bench.taken.try_recv() {
        twin.apply(&notification, UnixMillis(0));
    }
    assert_eq!(twin.inbox().messages().len(), 1);
    bench.world.with(|world| assert_eq!(world.inbox().messages(), twin.inbox().messages()));
}

#[tokio::test]
async fn contacts_go_by_datagram() {
    let mut bench = bench(dlist::OK);
    bench.player.act(&Deed::Contact).await.unwrap();
    let mut octets = [0; 8192];
    for _ in 0..2 {
        let count = bench.datagrams.recv(&mut octets).await.unwrap();
        let notice = datagram::parse(&octets[..count]).unwrap();
        assert!(matches!(bench.player.dialect.decode(&notice, None), Ok(Notification::Mailbox(_))));
    }
    assert!(bench.taken.try_recv().is_err());
}

#[tokio::test]
async fn another_answer_than_ok_is_a_refusal() {
    let mut bench = bench(b"NO ()\r\n");
    assert!(matches!(bench.player.act(&Deed::Deliver).await, Err(PlayError::Refused)));
}

#[tokio::test]
async fn orders_are_played_and_the_drain_ends_the_player() {
    let Bench { player, world, _folder, .. } = bench(dlist::OK);
    let (orders, ordered) = mpsc::channel(1);
    let drain = Drain::new();
    let playing = tokio::spawn(player.run(ordered, drain.clone()));
    orders.send(Action::Burst).await.unwrap();
    orders.send(Action::One(Deed::Event)).await.unwrap();
    orders.send(Action::One(Deed::Event)).await.unwrap();
    // The third order was taken in, so the first two have been played.
    world.with(|world| assert!(world.changes() >= 40));
    drain.begin();
    playing.await.unwrap();
}
