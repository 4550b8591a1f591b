//! Jobs and recipients that no mail comes of, beside others that wait for nothing.

use std::time::{Duration, Instant};

use bus::{DeadLetter, Group, Message};
use kit::drain::{Drain, Drained};
use notifyd::{ALARM_MAIL, Notifyd};
use prometheus_client::registry::Registry;
use tempfile::TempDir;

use crate::{
    bus::mails,
    buses::{Kind, Meeting},
    setup::{alarm, job, ledger, settings, sink},
};

const DEADLINE: Duration = Duration::from_secs(20);
/// Seconds are allowed; a busy machine takes some of its own.
const AT_ONCE: Duration = Duration::from_secs(10);

async fn dead(meeting: &Meeting) -> DeadLetter {
    let group = Group(ALARM_MAIL.to_owned());
    testkit::eventually(AT_ONCE, "there is a dead letter", async || {
        meeting.bus.dead_letters(&group, 10).await.unwrap().pop()
    })
    .await
}

fn poisoned(mut job: Message) -> Message {
    job.payload = vec![0xc1; 100].into();
    job
}

async fn poison_among_alarms(kind: Kind) {
    let (meeting, sink, folder, drain) =
        (Meeting::of(kind).await, sink().await, TempDir::new().unwrap(), Drain::new());
    let mut settings = settings(sink.local_addr());
    // What waits for a retry would wait for longer than the test; what is behind it, too.
    let hour = Duration::from_hours(1);
    (settings.concurrency, settings.backoff) = (1, kit::backoff::Backoff::new(hour, hour).unwrap());
    let (store, mut registry) = (ledger(&folder).await, Registry::default());
    let notifyd = Notifyd::start(settings, b"site", meeting.bus.clone(), store, &mut registry).await.unwrap();
    drop(drain.spawn(notifyd.run(drain.clone())));
    let began = Instant::now();
    for sequence in 1..=3 {
        let mut job = job(alarm(&[&format!("bob{sequence}@example.org")]));
        job.id.sequence = sequence;
        let job = if sequence == 2 { poisoned(job) } else { job };
        meeting.bus.dispatch(job, &[]).await.unwrap();
    }
    mails(&sink, 2).await;
    let letter = dead(&meeting).await;
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    assert_eq!((letter.attempts, letter.message.id.sequence), (1, 2));
    assert!(letter.reason.contains("cannot be decoded"), "{}", letter.reason);
    assert_eq!(drain.finish(DEADLINE).await, Drained::Clean);
    meeting.close().await;
}

#[tokio::test]
async fn a_poison_event_is_a_dead_letter_at_once_and_delays_nobody() {
    poison_among_alarms(Kind::Local).await;
}

#[tokio::test]
async fn a_poison_event_is_a_dead_letter_at_once_and_delays_nobody_on_nats() {
    poison_among_alarms(Kind::Nats).await;
}
