//! Everything that a service does on the bus, done as its user of `deploy/nats/users.conf`: the server refuses nothing.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bus::{
    Attempt, Backoff, Bucket, Bus, DeadLetters, Failure, Group, GroupListener, GroupSettings, JobKind, Key,
    KeyListener, LiveKind, Message, Retained, Topic, Urgency,
};
use bus_nats::{NatsBus, NatsSettings};
use bus_node::{ManualClock, Surroundings};
use bytes::Bytes;
use kit::config::Secret;
use mailbox_event::{AccountToken, EventId, RelayId, UnixMillis};
use testkit::{
    eventually,
    nats::{Nats, Version},
};

const PATIENCE: Duration = Duration::from_secs(30);
const ACCOUNT: AccountToken = AccountToken([7; 16]);
const MINUTE: Duration = Duration::from_secs(60);

async fn server(version: Version) -> Nats {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/nats/single.conf");
    let passwords: String = ["relay", "pusher", "notifyd", "operator"]
        .map(|user| format!("{user}_password: \"{user}'s\"\n"))
        .concat();
    Nats::builder(version).config_file(&file).file("passwords.conf", &passwords).start().await
}

/// A node as `mailpush` makes it for that service.
async fn node(nats: &Nats, user: &str) -> NatsBus {
    node_amid(nats, user, Surroundings::default()).await
}

async fn node_amid(nats: &Nats, user: &str, surroundings: Surroundings) -> NatsBus {
    let mut settings = NatsSettings {
        servers: vec![nats.url()],
        inbox: format!("_INBOX_{user}"),
        request_timeout: Duration::from_secs(10),
        connect_timeout: PATIENCE,
        ..NatsSettings::default()
    };
    settings.credentials.user = Some(user.to_owned());
    settings.credentials.password = Some(Secret::new(format!("{user}'s")));
    NatsBus::connect(settings, surroundings).await.unwrap()
}

fn message(sequence: u64, topic: Topic) -> Message {
    let payload = Bytes::from(format!("job {sequence}"));
    Message { id: EventId { relay: RelayId(1), sequence }, topic, payload }
}

/// Tries the first job twice, and rejects the second.
#[derive(Default)]
struct Worker(Mutex<Vec<(Bytes, u32)>>);

#[async_trait]
impl GroupListener for Worker {
    async fn run(&self, message: Message, attempt: Attempt) -> Result<(), Failure> {
        self.0.lock().unwrap().push((message.payload.clone(), attempt.number));
        let why = || Box::new(io::Error::other("not now"));
        match (message.id.sequence, attempt.number) {
            (1, 1) => Err(Failure::Retry(why())),
            (2, _) => Err(Failure::Reject(why())),
            _ => Ok(()),
        }
    }
}

#[derive(Default)]
struct Listener(Mutex<Vec<Topic>>);

#[async_trait]
impl KeyListener for Listener {
    async fn hear(&self, message: Arc<Message>) -> Result<(), Failure> {
        self.0.lock().unwrap().push(message.topic);
        Ok(())
    }
}

fn alarms() -> GroupSettings {
    let (first, longest) = (Duration::from_millis(10), Duration::from_millis(20));
    GroupSettings {
        kinds: vec![JobKind::Alarm],
        concurrency: 2,
        run_timeout: PATIENCE,
        backoff: Backoff { retries: 3, first, factor: 2, longest },
    }
}

/// What relay does.
async fn relay(bus: &NatsBus) {
    let cause = EventId { relay: RelayId(1), sequence: 9 };
    let revision = bus.put_state(ACCOUNT, Bytes::from("one"), None, cause).await.unwrap();
    bus.put_state(ACCOUNT, Bytes::from("two"), Some(revision), cause).await.unwrap();
    bus.put(Bucket::Gaps, "relay", Bytes::from("1"), MINUTE).await.unwrap();
    for sequence in [1, 2] {
        let topic = Topic::Job(Urgency::High, JobKind::Alarm, ACCOUNT);
        bus.dispatch(message(sequence, topic), &[]).await.unwrap();
    }
    let alert = Topic::Live(ACCOUNT, LiveKind::CalendarAlert);
    bus.dispatch(message(3, alert), &[Key(ACCOUNT)]).await.unwrap();
}

/// What pusher does beside listening.
async fn pusher(bus: &NatsBus) {
    assert!(bus.state(ACCOUNT).await.unwrap().is_some());
    assert!(bus.get(Bucket::Gaps, "relay").await.unwrap().is_some());
    for bucket in [Bucket::Verdicts, Bucket::Tickets, Bucket::Revocations] {
        let first = bus.compare_and_put(bucket, "a", Bytes::from("1"), None, MINUTE).await.unwrap();
        bus.compare_and_put(bucket, "a", Bytes::from("2"), Some(first), MINUTE).await.unwrap();
        bus.put(bucket, "b", Bytes::from("1"), MINUTE).await.unwrap();
        bus.delete(bucket, "b", None).await.unwrap();
        assert_eq!(bus.get(bucket, "a").await.unwrap().unwrap().value, "2");
    }
    let revoked = Topic::Live(ACCOUNT, LiveKind::Revoked);
    bus.dispatch(message(4, revoked), &[Key(ACCOUNT)]).await.unwrap();
}

#[tokio::test]
async fn each_service_may_do_what_it_does() {
    for version in Version::ALL {
        let nats = server(version).await;
        let [first, second, third] =
            [node(&nats, "notifyd").await, node(&nats, "pusher").await, node(&nats, "relay").await];
        let (worker, listener) = (Arc::new(Worker::default()), Arc::new(Listener::default()));
        let group = Group("alarm-mail".to_owned());
        let working = first.register_group(group.clone(), alarms(), worker.clone()).await.unwrap();
        let _listening = second.register_key(Key(ACCOUNT), listener.clone()).await.unwrap();
        relay(&third).await;
        pusher(&second).await;

        eventually(PATIENCE, "one job ran twice and the other once", async || {
            (worker.0.lock().unwrap().len() >= 3).then_some(())
        })
        .await;
        eventually(PATIENCE, "both states and both events were heard", async || {
            (listener.0.lock().unwrap().len() >= 4).then_some(())
        })
        .await;
        let depth = async || {
            first.depth().await.unwrap().pop().map(|depth| (depth.pending + depth.parked, depth.dead_letters))
        };
        eventually(PATIENCE, "one is dead and none waits", async || {
            (depth().await == Some((0, 1))).then_some(())
        })
        .await;
        assert_eq!(first.groups_with_dead_letters().await.unwrap(), [group]);
        for bus in [&first, &second, &third] {
            bus.health().await.unwrap();
        }
        drop(working);
        first.close().await;
        assert!(!nats.said().contains("Violation"), "{version:?} refused something:\n{}", nats.said());
    }
}

/// Has each job done again as one of another kind, as notifyd does where an operator says what a script's word stands for.
struct Handing {
    bus: NatsBus,
    to: JobKind,
}

#[async_trait]
impl GroupListener for Handing {
    async fn run(&self, message: Message, _: Attempt) -> Result<(), Failure> {
        let topic = Topic::Job(Urgency::Normal, self.to, ACCOUNT);
        let given = self.bus.dispatch(Message { topic, ..message }, &[]).await;
        given.map_err(|why| Failure::Retry(Box::new(why)))
    }
}

#[tokio::test]
async fn notifyd_may_hand_a_job_to_those_who_text_and_to_those_who_post() {
    for version in Version::ALL {
        for (name, to) in [("sms", JobKind::Sms), ("webhook", JobKind::Webhook)] {
            let nats = server(version).await;
            let [notifyd, other, relay] =
                [node(&nats, "notifyd").await, node(&nats, "notifyd").await, node(&nats, "relay").await];
            let worker = Arc::new(Worker::default());
            let of = |kind| GroupSettings { kinds: vec![kind], ..alarms() };
            let taking = notifyd.register_group(Group(name.to_owned()), of(to), worker.clone());
            let _taking = taking.await.unwrap();
            let handing = Arc::new(Handing { bus: other, to });
            let handing = notifyd.register_group(Group("sieve-mail".to_owned()), of(JobKind::Sieve), handing);
            let _handing = handing.await.unwrap();
            let topic = Topic::Job(Urgency::Normal, JobKind::Sieve, ACCOUNT);
            relay.dispatch(message(7, topic), &[]).await.unwrap();
            eventually(PATIENCE, "the other group ran the job", async || {
                (*worker.0.lock().unwrap() == [(Bytes::from("job 7"), 1)]).then_some(())
            })
            .await;
            assert!(!nats.said().contains("Violation"), "{version:?} refused something:\n{}", nats.said());
        }
    }
}

/// How often who holds a group's lease looks whether the oldest job that nobody acknowledged is still there.
const LOOK: Duration = Duration::from_secs(5);

/// Never ends the first job, and fails the others twice.
#[derive(Default)]
struct Slow(Mutex<Vec<(u64, u32)>>);

#[async_trait]
impl GroupListener for Slow {
    async fn run(&self, message: Message, attempt: Attempt) -> Result<(), Failure> {
        self.0.lock().unwrap().push((message.id.sequence, attempt.number));
        match (message.id.sequence, attempt.number) {
            (1, _) => std::future::pending().await,
            (_, 3) => Ok(()),
            _ => Err(Failure::Retry(Box::new(io::Error::other("not now")))),
        }
    }
}

#[tokio::test]
async fn notifyd_may_look_for_a_job_that_it_has_had_for_long() {
    for version in Version::ALL {
        let nats = server(version).await;
        let clock = ManualClock::new(UnixMillis(1_700_000_000_000));
        let surroundings = Surroundings { clock: Arc::new(clock.clone()), ..Surroundings::default() };
        let [notifyd, relay] = [node_amid(&nats, "notifyd", surroundings).await, node(&nats, "relay").await];
        let slow = Arc::new(Slow::default());
        let group = Group("alarm-mail".to_owned());
        let _working = notifyd.register_group(group, alarms(), slow.clone()).await.unwrap();
        for sequence in 1..=3 {
            let topic = Topic::Job(Urgency::High, JobKind::Alarm, ACCOUNT);
            relay.dispatch(message(sequence, topic), &[]).await.unwrap();
            if sequence == 1 {
                continue;
            }
            clock.advance(LOOK);
            // Its last run comes after two rounds of the holder, of which each begins with a look when it is time.
            eventually(PATIENCE, "the last run of a job that was due again twice", async || {
                clock.advance(alarms().backoff.longest);
                slow.0.lock().unwrap().contains(&(sequence, 3)).then_some(())
            })
            .await;
        }
        notifyd.health().await.unwrap();
        assert!(!nats.said().contains("Violation"), "{version:?} refused something:\n{}", nats.said());
    }
}
