//! What the tests begin with.

use std::{
    net::SocketAddr,
    time::{Duration, SystemTime},
};

use bus::{Attempt, Failure, GroupListener, JobKind, Message, Topic, Urgency};
use fakes::smtp::{Mail, SinkSettings, SmtpSink};
use mailbox_event::{
    Account, AccountToken, AlarmAction, CalendarAlarm, Event, EventId, Notification, RelayId, UnixMillis,
    Unscheduled,
    codec::{Form, encode},
};
use notifyd::{AlarmMailer, Metrics, Settings};
use prometheus_client::{encoding::text, registry::Registry};
use store::Store;
use tempfile::TempDir;

/// A mailer before a server, with the ledger and the metrics that it fills.
pub struct World {
    pub mailer: AlarmMailer,
    pub store: Store,
    registry: Registry,
    _folder: TempDir,
}

impl World {
    pub async fn before(server: SocketAddr) -> Self {
        Self::with(settings(server)).await
    }

    /// One whose patience with a silent server is soon over.
    pub async fn impatient_before(server: SocketAddr) -> Self {
        let mut settings = settings(server);
        settings.smtp.timeout = Duration::from_millis(300);
        Self::with(settings).await
    }

    pub async fn with(settings: Settings) -> Self {
        let folder = TempDir::new().unwrap();
        let store = ledger(&folder).await;
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let mailer = AlarmMailer::new(settings, store.clone(), metrics).unwrap();
        Self { mailer, store, registry, _folder: folder }
    }

    pub async fn run(&self, message: &Message) -> Result<(), Failure> {
        self.mailer.run(message.clone(), Attempt { number: 1, is_last: false }).await
    }

    pub fn metric(&self, name: &str) -> String {
        metric(&self.registry, name)
    }
}

/// The value of a metric, by its name and labels.
pub fn metric(registry: &Registry, name: &str) -> String {
    let mut lines = String::new();
    text::encode(&mut lines, registry).unwrap();
    lines.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
}

pub async fn ledger(folder: &TempDir) -> Store {
    Store::open(&store::Settings::default(), &folder.path().join("store.sqlite")).await.unwrap()
}

pub async fn sink() -> SmtpSink {
    SmtpSink::start("127.0.0.1:0".parse().unwrap(), SinkSettings::default()).await.unwrap()
}

pub fn settings(server: SocketAddr) -> Settings {
    let mut settings = Settings::default();
    (settings.smtp.host, settings.smtp.port) = (server.ip().to_string(), server.port());
    settings.smtp.timeout = Duration::from_secs(10);
    settings.from.address = "calendar@example.org".parse().unwrap();
    settings.backoff =
        kit::backoff::Backoff::new(Duration::from_millis(20), Duration::from_millis(100)).unwrap();
    settings
}

pub fn alarm(recipients: &[&str]) -> CalendarAlarm {
    CalendarAlarm {
        account: Account::parse("alice@example.org").unwrap(),
        action: AlarmAction::Email,
        calendar_id: "Default".into(),
        calendar_name: "personal".into(),
        uid: "lab-1".into(),
        recurrence_id: None,
        calendar_event_id: None,
        alert_id: None,
        alarm_time: "20991122T031248".into(),
        recipients: recipients.iter().map(|&recipient| recipient.to_owned()).collect(),
        summary: "Team lunch, café".into(),
        description: ".\nBring the plans".into(),
        location: "Café Müller, Köln".into(),
        timezone: "Europe/Berlin".into(),
        start: "20991122T031748".into(),
        end: "20991122T041748".into(),
        all_day: false,
        attendees: vec![],
        organizer: "alice@example.org".into(),
    }
}

pub fn now() -> UnixMillis {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    UnixMillis(since_1970.as_millis().try_into().unwrap())
}

pub fn job(alarm: CalendarAlarm) -> Message {
    job_taken_at(alarm, now())
}

pub fn job_taken_at(alarm: CalendarAlarm, taken_at: UnixMillis) -> Message {
    let id = EventId { relay: RelayId(1), sequence: 1 };
    let event = Event { id, taken_at, notification: Notification::Alarm(Box::new(alarm)) };
    let payload = encode(&event, Form::MessagePack).unwrap().into();
    Message { id, topic: Topic::Job(Urgency::High, JobKind::Alarm, AccountToken([7; 16])), payload }
}

/// The job that tells `account` of messages that were not sent.
pub fn unscheduled(account: &str, count: u64, sequence: u64) -> Message {
    let id = EventId { relay: RelayId(1), sequence };
    let unscheduled = Unscheduled { account: Account::parse(account).unwrap(), count };
    let event = Event { id, taken_at: now(), notification: Notification::Unscheduled(unscheduled) };
    let payload = encode(&event, Form::MessagePack).unwrap().into();
    let topic = Topic::Job(Urgency::Normal, JobKind::Unscheduled, AccountToken([7; 16]));
    Message { id, topic, payload }
}

pub fn text(mail: &Mail) -> String {
    String::from_utf8(mail.octets.clone()).unwrap()
}

/// The value of a header that stands on one line.
pub fn header(mail: &Mail, name: &str) -> String {
    let start = format!("{name}: ");
    text(mail).lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_default().to_owned()
}
