use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use cyrus::dlist;
use mailbox_event::{Event, Notification, codec};
use relay::{StartError, socket::SocketError};
use tokio::{io::AsyncWriteExt, net::UnixStream, task::JoinSet};

use crate::house::{House, PATIENCE, change, converse, sieve, soon, until};

const TAKEN: &str = "relay_notifications_total{form=\"dlist\",outcome=\"taken\"}";

#[tokio::test]
async fn both_forms_are_taken_at_once() {
    let house = House::new();
    let relay = house.start();
    assert_eq!(house.dlist(&change("alice", 7)).await, "OK ()\r\n");
    house.datagram(&change("bob", 9)).await;
    house.mail_becomes("alice", 7).await;
    house.mail_becomes("bob", 9).await;
    assert!(relay.readiness.is_ready());
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_connections_at_once_are_all_answered() {
    let house = std::sync::Arc::new(House::new());
    let relay = house.start();
    let mut senders = JoinSet::new();
    for number in 0..200 {
        let house = house.clone();
        senders.spawn(async move { house.dlist(&change(&format!("user{number}"), number + 1)).await });
    }
    let answers = soon(senders.join_all()).await;
    assert!(answers.iter().all(|answer| answer == "OK ()\r\n"));
    for number in 0..200 {
        house.mail_becomes(&format!("user{number}"), number + 1).await;
    }
    assert_eq!(relay.metric(TAKEN), 200.0);
    relay.stop().await;
}

#[tokio::test]
async fn a_notification_in_pieces_is_one_notification() {
    let house = House::new();
    let relay = house.start();
    let mut stream = UnixStream::connect(house.path("dlist")).await.unwrap();
    for piece in dlist::write(&change("alice", 7)).chunks(50) {
        stream.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    house.mail_becomes("alice", 7).await;
    relay.stop().await;
}

#[tokio::test]
async fn half_a_notification_is_answered_counted_and_kept_for_somebody_to_look_at() {
    let house = House::new();
    let relay = house.start();
    let whole = dlist::write(&change("alice", 7));
    let mut stream = UnixStream::connect(house.path("dlist")).await.unwrap();
    stream.write_all(&whole[..whole.len() / 2]).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    soon(tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer)).await.unwrap();
    assert_eq!(answer, "NO ()\r\n");
    relay.metric_becomes("relay_notifications_total{form=\"dlist\",outcome=\"malformed\"}", 1.0).await;
    // Somebody who only looks whether we are there gets no answer, for there is nothing to answer.
    drop(UnixStream::connect(house.path("dlist")).await.unwrap());
    relay.metric_becomes("relay_notifications_total{form=\"dlist\",outcome=\"cut\"}", 1.0).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_slow_sender_is_cut_off_while_others_are_served() {
    let mut house = House::new();
    house.settings.read_deadline = Duration::from_millis(200);
    let relay = house.start();
    let mut slow = UnixStream::connect(house.path("dlist")).await.unwrap();
    slow.write_all(b"NOTIFY %(METHOD ").await.unwrap();
    assert_eq!(house.dlist(&change("alice", 7)).await, "OK ()\r\n");
    let mut answer = String::new();
    soon(tokio::io::AsyncReadExt::read_to_string(&mut slow, &mut answer)).await.unwrap();
    assert_eq!(answer, "NO ()\r\n");
    relay.metric_becomes("relay_notifications_total{form=\"dlist\",outcome=\"stalled\"}", 1.0).await;
    relay.stop().await;
}

#[tokio::test]
async fn more_connections_than_are_served_wait_their_turn() {
    let mut house = House::new();
    house.settings.max_connections = 1;
    house.settings.read_deadline = Duration::from_millis(200);
    let relay = house.start();
    let _occupies = UnixStream::connect(house.path("dlist")).await.unwrap();
    assert_eq!(house.dlist(&change("alice", 7)).await, "OK ()\r\n");
    relay.stop().await;
}

#[tokio::test]
async fn what_is_malformed_is_answered_counted_and_kept_within_bounds() {
    let mut house = House::new();
    house.settings.quarantine.files = 3;
    let relay = house.start();
    for number in 0..5 {
        let answer = converse(&house.path("dlist"), format!("HELLO {number}\r\n").as_bytes()).await;
        assert_eq!(answer, "NO ()\r\n");
    }
    relay.metric_becomes("relay_notifications_total{form=\"dlist\",outcome=\"malformed\"}", 5.0).await;
    let kept = || fs::read_dir(house.path("spool/quarantine")).unwrap().count();
    until(|| kept() == 3).await;
    relay.stop().await;
}

#[tokio::test]
async fn what_is_malformed_inside_is_answered_and_does_not_stop_the_others() {
    let house = House::new();
    let relay = house.start();
    let mut broken = change("alice", 7);
    broken.message = b"{\"event\":".to_vec();
    assert_eq!(house.dlist(&broken).await, "OK ()\r\n");
    house.datagram(&broken).await;
    assert_eq!(house.dlist(&change("alice", 8)).await, "OK ()\r\n");
    house.mail_becomes("alice", 8).await;
    relay.metric_becomes("relay_notifications_total{form=\"dlist\",outcome=\"malformed\"}", 1.0).await;
    relay.metric_becomes("relay_notifications_total{form=\"datagram\",outcome=\"malformed\"}", 1.0).await;
    until(|| fs::read_dir(house.path("spool/quarantine")).unwrap().count() == 2).await;
    relay.stop().await;
}

#[tokio::test]
async fn an_oversized_notification_is_answered_and_refused() {
    let mut house = House::new();
    house.settings.message_limit = 64 * 1024;
    let relay = house.start();
    let mut large = sieve("alice", "");
    large.message = vec![b'x'; 1 << 20];
    assert_eq!(house.dlist(&large).await, "NO ()\r\n");
    assert_eq!(house.dlist(&sieve("alice", "small")).await, "OK ()\r\n");
    until(|| house.jobs().iter().any(|job| job.starts_with("small"))).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_message_file_is_read_before_the_answer_in_the_dlist_form_only() {
    let house = House::new();
    let relay = house.start();
    let path = house.path("message");
    fs::write(&path, "Subject: x\r\n\r\n").unwrap();
    let mut notice = sieve("alice", "hello");
    notice.file_path = Some(path.to_str().unwrap().to_owned());
    house.bus.set(crate::valve::Door::Hanging);
    assert_eq!(house.dlist(&notice).await, "OK ()\r\n");
    fs::remove_file(&path).unwrap();
    assert_eq!(house.dlist(&notice).await, "OK ()\r\n");
    fs::write(&path, "somebody else's").unwrap();
    house.datagram(&notice).await;
    house.bus.set(crate::valve::Door::Open);
    until(|| house.bus.dispatched.lock().unwrap().len() == 3).await;
    let messages: Vec<_> =
        house.bus.dispatched.lock().unwrap().iter().map(|job| message(&job.payload)).collect();
    assert_eq!(messages, [Some(b"Subject: x\r\n\r\n".to_vec()), None, None]);
    assert_eq!(relay.metric("relay_message_files_total{outcome=\"read\"}"), 1.0);
    assert_eq!(relay.metric("relay_message_files_total{outcome=\"missing\"}"), 1.0);
    relay.stop().await;
}

fn message(payload: &[u8]) -> Option<Vec<u8>> {
    let event: Event = codec::decode(payload).unwrap();
    let Notification::Sieve(sieve) = event.notification else { panic!("not a Sieve notification") };
    sieve.message
}

#[tokio::test]
async fn a_second_relay_is_refused_and_the_first_goes_on() {
    let house = House::new();
    let relay = house.start();
    assert!(matches!(house.try_start(), Err(StartError::Spool(_, relay::spool::OpenError::Taken))));
    let mut other = House::new();
    other.settings.dlist = house.settings.dlist.clone();
    assert!(matches!(other.try_start(), Err(StartError::Socket(SocketError::InUse(_)))));
    assert_eq!(house.dlist(&change("alice", 7)).await, "OK ()\r\n");
    relay.stop().await;
}

#[tokio::test]
async fn sockets_have_their_mode_and_go_with_a_drain() {
    let house = House::new();
    let relay = house.start();
    for name in ["dlist", "datagram"] {
        assert_eq!(fs::metadata(house.path(name)).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::metadata(house.path("spool")).unwrap().permissions().mode() & 0o777, 0o700);
    relay.stop().await;
    assert!(!house.path("dlist").exists() && !house.path("datagram").exists());
}

#[tokio::test]
async fn what_waits_in_the_queues_when_a_drain_begins_is_taken() {
    let house = House::new();
    let relay = house.start();
    for number in 1..=5 {
        house.datagram(&change(&format!("d{number}"), number)).await;
    }
    let mut streams = Vec::new();
    for number in 1..=5 {
        let mut stream = UnixStream::connect(house.path("dlist")).await.unwrap();
        stream.write_all(&dlist::write(&change(&format!("s{number}"), number))).await.unwrap();
        streams.push(stream);
    }
    tokio::time::timeout(PATIENCE, relay.stop()).await.unwrap();
    for number in 1..=5 {
        assert_eq!(house.mail(&format!("d{number}")).await, Some(number));
        assert_eq!(house.mail(&format!("s{number}")).await, Some(number));
    }
}

#[tokio::test]
async fn without_a_socket_there_is_no_relay() {
    let mut house = House::new();
    (house.settings.dlist, house.settings.datagram) = (None, None);
    assert!(matches!(house.try_start(), Err(StartError::NoSocket)));
}
