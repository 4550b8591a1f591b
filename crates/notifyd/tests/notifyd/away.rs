//! The SMTP server is away for five minutes, by a clock that the test moves.

use std::time::Duration;

use bus::{Group, JobKind, Message, Topic, Urgency};
use fakes::smtp::{SinkSettings, SmtpSink};
use kit::drain::{Drain, Drained};
use mailbox_event::{AccountToken, UnixMillis};
use notifyd::{ALARM_MAIL, Notifyd};
use prometheus_client::registry::Registry;
use tempfile::TempDir;

use crate::{
    bus::{mails, runs},
    buses::{Kind, Meeting},
    setup::{alarm, job_taken_at, ledger, now, settings, sink, text},
};

const DEADLINE: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_secs(15);
const STEPS: u64 = 20;

/// An alarm that will have gone off so many minutes ago when the server is back.
fn waiting(sequence: u64, urgency: Urgency, minutes: u64) -> Message {
    let taken_at = UnixMillis(now().0 - minutes * 60_000);
    let mut job = job_taken_at(alarm(&[&format!("{}{minutes}@example.org", urgency.name())]), taken_at);
    job.id.sequence = sequence;
    job.topic = Topic::Job(urgency, JobKind::Alarm, AccountToken([7; 16]));
    job
}

/// Sends alarms while nobody takes mail, and looks at what comes five minutes later.
async fn five_minutes_without_a_server(kind: Kind) {
    let (gone, folder, drain) = (sink().await, TempDir::new().unwrap(), Drain::new());
    let address = gone.local_addr();
    gone.stop().await;
    let (meeting, clock) = Meeting::on_a_clock(kind).await;
    let (store, mut registry, mut settings) = (ledger(&folder).await, Registry::default(), settings(address));
    // One at a time shows the order; without retries, one burnt attempt would be the end of a job.
    (settings.concurrency, settings.retries) = (1, 0);
    let notifyd = Notifyd::start(settings, b"site", meeting.bus.clone(), store, &mut registry).await.unwrap();
    drop(drain.spawn(notifyd.run(drain.clone())));

    let urgencies = [Urgency::Low, Urgency::Normal, Urgency::High];
    let jobs = urgencies.into_iter().flat_map(|urgency| [(urgency, 5), (urgency, 17)]);
    for ((urgency, minutes), sequence) in jobs.zip(1..) {
        meeting.bus.dispatch(waiting(sequence, urgency, minutes), &[]).await.unwrap();
    }
    for _ in 0..STEPS {
        let before = runs(&registry);
        clock.advance(STEP);
        testkit::eventually(DEADLINE, "the server is tried again", async || {
            (runs(&registry) > before).then_some(())
        })
        .await;
    }
    // Nobody moves the clock any more: that the server is back is found out.
    let back = SmtpSink::start(address, SinkSettings::default()).await.unwrap();
    mails(&back, 6).await;

    let mut sent: Vec<_> = back
        .mails()
        .iter()
        .map(|mail| (mail.to[0].clone(), text(mail).contains("This reminder is late.")))
        .collect();
    // Within an urgency NATS gives back last what was tried first.
    sent.chunks_mut(2).for_each(<[_]>::sort);
    let expected = ["high", "normal", "low"].into_iter().flat_map(|urgency| {
        [(format!("{urgency}17@example.org"), true), (format!("{urgency}5@example.org"), false)]
    });
    assert_eq!(sent, expected.collect::<Vec<_>>());
    assert_eq!(meeting.bus.dead_letters(&Group(ALARM_MAIL.to_owned()), 10).await.unwrap(), []);
    assert_eq!(drain.finish(DEADLINE).await, Drained::Clean);
    meeting.close().await;
}

#[tokio::test]
async fn alarms_go_out_by_urgency_after_five_minutes_without_a_server_and_late_ones_say_so() {
    five_minutes_without_a_server(Kind::Local).await;
}

#[tokio::test]
async fn alarms_go_out_by_urgency_after_five_minutes_without_a_server_on_nats() {
    five_minutes_without_a_server(Kind::Nats).await;
}
