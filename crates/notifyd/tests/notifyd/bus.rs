//! The whole way: dispatched on a bus in one process, out as mail.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bus::{Bus, DeadLetters, Group};
use bus_local::{LocalBus, LocalBusSettings};
use fakes::smtp::{DataFault, Faults, SinkSettings, SmtpSink};
use kit::drain::{Drain, Drained};
use notifyd::{ALARM_MAIL, Notifyd};
use prometheus_client::registry::Registry;
use tempfile::TempDir;

use crate::setup::{alarm, job, ledger, metric, settings, sink};

const DEADLINE: Duration = Duration::from_secs(20);

struct Line {
    bus: LocalBus,
    registry: Registry,
    drain: Drain,
    _folder: TempDir,
}

async fn line(server: SocketAddr, retries: u32) -> Line {
    let folder = TempDir::new().unwrap();
    let bus = LocalBus::open(&folder.path().join("bus.sqlite"), LocalBusSettings::default()).unwrap();
    let (store, mut registry, drain) = (ledger(&folder).await, Registry::default(), Drain::new());
    let mut settings = settings(server);
    settings.retries = retries;
    let notifyd = Notifyd::start(settings, Arc::new(bus.clone()), store, &mut registry).await.unwrap();
    drop(drain.spawn(notifyd.run(drain.clone())));
    Line { bus, registry, drain, _folder: folder }
}

fn runs(registry: &Registry) -> u64 {
    let count = metric(registry, "notifyd_job_duration_seconds_count");
    count.parse().unwrap()
}

async fn mails(sink: &SmtpSink, count: u64) {
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
    sink.set_faults(Faults { recipients: [("bob@example.org".into(), 550)].into(), data: DataFault::None });
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
