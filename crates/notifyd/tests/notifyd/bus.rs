//! The whole way: dispatched on a bus in one process, out as mail.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bus::{Bus, DeadLetters, Group};
use bus_local::{LocalBus, LocalBusSettings};
use fakes::smtp::{Faults, SinkSettings, SmtpSink};
use kit::drain::{Drain, Drained};
use notifyd::{ALARM_MAIL, Notifyd};
use prometheus_client::registry::Registry;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

use crate::setup::{alarm, header, job, ledger, metric, settings, sink, unscheduled};

const DEADLINE: Duration = Duration::from_secs(20);
/// That of every line here.
const ALARMS_AT_A_TIME: usize = 16;

struct Line {
    bus: LocalBus,
    registry: Registry,
    drain: Drain,
    folder: TempDir,
}

async fn line(server: SocketAddr, retries: u32) -> Line {
    let folder = TempDir::new().unwrap();
    let bus = LocalBus::open(&folder.path().join("bus.sqlite"), LocalBusSettings::default()).unwrap();
    start(bus, folder, server, retries).await
}

async fn start(bus: LocalBus, folder: TempDir, server: SocketAddr, retries: u32) -> Line {
    let (store, mut registry, drain) = (ledger(&folder).await, Registry::default(), Drain::new());
    let mut settings = settings(server);
    (settings.retries, settings.concurrency) = (retries, ALARMS_AT_A_TIME);
    let notifyd =
        Notifyd::start(settings, b"site", Arc::new(bus.clone()), store, &mut registry).await.unwrap();
    drop(drain.spawn(notifyd.run(drain.clone())));
    Line { bus, registry, drain, folder }
}

/// Stands before `server` and holds back its answer to every mail until `answers` allow one.
async fn hesitating(server: SocketAddr, answers: Arc<Semaphore>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(hold_back(client, server, answers.clone()));
        }
    });
    address
}

async fn hold_back(client: TcpStream, server: SocketAddr, answers: Arc<Semaphore>) {
    let (mut commands, mut to_client) = client.into_split();
    let (replies, mut to_server) = TcpStream::connect(server).await.unwrap().into_split();
    let mut replies = BufReader::new(replies).lines();
    let back = async {
        while let Ok(Some(reply)) = replies.next_line().await {
            to_client.write_all(format!("{reply}\r\n").as_bytes()).await.unwrap();
            if reply.starts_with("354") {
                answers.acquire().await.unwrap().forget();
            }
        }
    };
    let (_copied, ()) = tokio::join!(tokio::io::copy(&mut commands, &mut to_server), back);
}

/// Stands before `server` and holds back its word that it waits for a text, until `words` allow one; says so to `held`.
async fn holding_back_the_word(
    server: SocketAddr,
    held: Arc<Semaphore>,
    words: Arc<Semaphore>,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(hold_back_the_word(client, server, held.clone(), words.clone()));
        }
    });
    address
}

async fn hold_back_the_word(
    client: TcpStream,
    server: SocketAddr,
    held: Arc<Semaphore>,
    words: Arc<Semaphore>,
) {
    let (mut commands, mut to_client) = client.into_split();
    let (replies, mut to_server) = TcpStream::connect(server).await.unwrap().into_split();
    let mut replies = BufReader::new(replies).lines();
    let back = async {
        while let Ok(Some(reply)) = replies.next_line().await {
            if reply.starts_with("354") {
                held.add_permits(1);
                words.acquire().await.unwrap().forget();
            }
            to_client.write_all(format!("{reply}\r\n").as_bytes()).await.unwrap();
        }
    };
    // Ends the server's connection when the client has ended its own.
    let forth = async {
        tokio::io::copy(&mut commands, &mut to_server).await.ok();
        to_server.shutdown().await.ok();
    };
    tokio::join!(forth, back);
}

pub fn runs(registry: &Registry) -> u64 {
    let count = metric(registry, "notifyd_job_duration_seconds_count");
    count.parse().unwrap()
}

pub async fn mails(sink: &SmtpSink, count: u64) {
    let mut taken = sink.taken();
    tokio::time::timeout(DEADLINE, taken.wait_for(|taken| *taken >= count)).await.unwrap().unwrap();
}

#[tokio::test]
async fn dispatched_alarm_becomes_a_mail_and_the_drain_ends_clean() {
    let sink = sink().await;
    let line = line(sink.local_addr(), 3).await;
    line.bus.dispatch(job(alarm(&["bob@example.org"])), &[]).await.unwrap();
    mails(&sink, 1).await;
    assert_eq!(line.drain.finish(DEADLINE).await, Drained::Clean);
    line.bus.close().await;
    assert_eq!(sink.mails().len(), 1);
}

#[tokio::test]
async fn owner_is_told_once_of_messages_that_were_not_sent_while_alarms_wait() {
    let (sink, answers) = (sink().await, Arc::new(Semaphore::new(0)));
    let slow = hesitating(sink.local_addr(), answers.clone()).await;
    let line = line(slow, 3).await;
    // Twice as many alarms as run at a time, and the server answers none.
    let at_a_time = ALARMS_AT_A_TIME as u64;
    for sequence in 1..=2 * at_a_time {
        let mut job = job(alarm(&[&format!("bob{sequence}@example.org")]));
        job.id.sequence = sequence;
        line.bus.dispatch(job, &[]).await.unwrap();
    }
    mails(&sink, at_a_time).await;
    for (count, sequence) in [(3, 100), (3, 100), (1, 101)] {
        line.bus.dispatch(unscheduled("alice@example.org", count, sequence), &[]).await.unwrap();
    }
    mails(&sink, at_a_time + 2).await;
    answers.add_permits(100);
    mails(&sink, 2 * at_a_time + 2).await;
    assert_eq!(line.drain.finish(DEADLINE).await, Drained::Clean);
    let all = sink.mails();
    let told: Vec<_> = all.iter().filter(|mail| mail.to == ["alice@example.org"]).collect();
    assert_eq!(told.len(), 2);
    assert_eq!(header(told[0], "Auto-Submitted"), "auto-generated");
    let mut subjects = [header(told[0], "Subject"), header(told[1], "Subject")];
    subjects.sort_unstable();
    assert_eq!(subjects, ["3 scheduled messages were not sent", "A scheduled message was not sent"]);
    assert!(header(told[0], "Message-ID").ends_with(".unscheduled@example.org>"));
    line.bus.close().await;
}

#[tokio::test]
async fn mail_on_its_way_is_waited_for_at_the_drain_and_not_sent_again() {
    let (sink, answers) = (sink().await, Arc::new(Semaphore::new(0)));
    let address = hesitating(sink.local_addr(), answers.clone()).await;
    let before = line(address, 3).await;
    let recipients = ["bob@example.org", "carol@example.org"];
    before.bus.dispatch(job(alarm(&recipients)), &[]).await.unwrap();
    mails(&sink, 1).await;
    before.drain.begin();
    // The bus answers in order: by then everybody has heard of the drain.
    for _ in 0..100 {
        before.bus.health().await.unwrap();
        tokio::task::yield_now().await;
    }
    answers.add_permits(1);
    assert_eq!(before.drain.finish(DEADLINE).await, Drained::Clean);
    assert_eq!(sink.mails().len(), 1, "the other mail is left to the next start");
    answers.add_permits(10);
    let after = start(before.bus, before.folder, address, 3).await;
    mails(&sink, 2).await;
    assert_eq!(after.drain.finish(DEADLINE).await, Drained::Clean);
    after.bus.close().await;
    let to: Vec<_> = sink.mails().iter().map(|mail| mail.to.join(",")).collect();
    assert_eq!(to, recipients);
}

#[tokio::test]
async fn mail_whose_end_has_not_left_at_the_drain_is_left_to_the_next_start() {
    let (sink, held, words) = (sink().await, Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let address = holding_back_the_word(sink.local_addr(), held.clone(), words.clone()).await;
    let before = line(address, 3).await;
    before.bus.dispatch(job(alarm(&["bob@example.org"])), &[]).await.unwrap();
    tokio::time::timeout(DEADLINE, held.acquire()).await.unwrap().unwrap().forget();
    before.drain.begin();
    // The bus answers in order: by then everybody has heard of the drain.
    for _ in 0..100 {
        before.bus.health().await.unwrap();
        tokio::task::yield_now().await;
    }
    words.add_permits(1);
    assert_eq!(before.drain.finish(DEADLINE).await, Drained::Clean);
    assert!(sink.mails().is_empty());
    let after = start(before.bus, before.folder, sink.local_addr(), 3).await;
    mails(&sink, 1).await;
    assert_eq!(after.drain.finish(DEADLINE).await, Drained::Clean);
    after.bus.close().await;
    assert_eq!(sink.mails().len(), 1);
}

#[tokio::test]
async fn outage_burns_no_attempt_and_the_mail_is_sent_once_afterwards() {
    let gone = sink().await;
    let address = gone.local_addr();
    gone.stop().await;
    // Without retries, one burnt attempt would be the end of the job.
    let line = line(address, 0).await;
    line.bus.dispatch(job(alarm(&["bob@example.org"])), &[]).await.unwrap();
    // More runs than one, and the job still lives: that was an outage.
    let began = Instant::now();
    while runs(&line.registry) < 3 {
        assert!(began.elapsed() < DEADLINE, "the job was not run again");
        tokio::task::yield_now().await;
    }
    let back = SmtpSink::start(address, SinkSettings::default()).await.unwrap();
    mails(&back, 1).await;
    let group = Group(ALARM_MAIL.to_owned());
    assert_eq!(line.bus.dead_letters(&group, 10).await.unwrap(), []);
    line.bus.close().await;
    assert_eq!(back.mails().len(), 1);
}

#[tokio::test]
async fn refused_mail_is_a_dead_letter_without_an_address_in_its_reason() {
    let sink = sink().await;
    let line = line(sink.local_addr(), 3).await;
    sink.set_faults(Faults { recipients: [("bob@example.org".into(), 550)].into(), ..Faults::default() });
    line.bus.dispatch(job(alarm(&["bob@example.org"])), &[]).await.unwrap();
    let group = Group(ALARM_MAIL.to_owned());
    let began = Instant::now();
    let letter = loop {
        if let Some(letter) = line.bus.dead_letters(&group, 10).await.unwrap().pop() {
            break letter;
        }
        assert!(began.elapsed() < DEADLINE, "there is no dead letter");
        tokio::task::yield_now().await;
    };
    assert_eq!(letter.attempts, 1);
    assert!(letter.reason.contains("550") && !letter.reason.contains('@'), "{}", letter.reason);
}
