//! notifyd between a bus and a gateway.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bus::{Bus, DeadLetter, DeadLetters, Group, JobKind, Message, Topic, Urgency};
use bus_local::{LocalBus, LocalBusSettings};
use fakes::{
    sms::{Account as Fake, Form, GatewaySettings, SmsGateway},
    smtp::SmtpSink,
};
use kit::drain::Drain;
use mailbox_event::{
    Account, AccountToken, Event, EventId, Notification, RelayId, SieveNotification,
    codec::{Form as Lying, encode},
};
use notifyd::{Notifyd, SMS, Settings, SmsSettings};
use prometheus_client::registry::Registry;
use store::Store;
use tempfile::TempDir;
use testkit::postgres::Postgres;

use crate::{
    bus::mails,
    setup::{metric, now, settings, sink},
};

const DEADLINE: Duration = Duration::from_secs(60);

pub const MESSAGE: &str = "Return-Path: <robn@example.org>\r\nFrom: Robert Norris <robn@example.org>\r\nSubject: =?utf-8?q?caf=C3=A9_menu?=\r\n\
    Message-ID: <1@example.org>\r\n\r\nFirst line of the body.\r\n";

/// Alice's own, one of Germany; the others of hers cost too much.
pub const NUMBER: &str = "+4915112345678";
const NUMBERS: [&str; 3] = [NUMBER, "+491805123456", "+12015550123"];

/// A running notifyd with all that it needs.
pub struct Line {
    pub gateway: SmsGateway,
    pub sink: SmtpSink,
    pub store: Store,
    bus: LocalBus,
    registry: Registry,
    grants: AtomicU64,
    address: SocketAddr,
    _drain: Drain,
    folder: TempDir,
}

impl Line {
    /// On SQLite, through a gateway of one's own.
    pub async fn start(change: impl FnOnce(&mut Settings)) -> Self {
        Self::with(Form::Webhook, None, change).await
    }

    /// Through a gateway that speaks `form`, on that database, or else on SQLite.
    pub async fn with(
        form: Form,
        database: Option<&Arc<Postgres>>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let (sink, folder) = (sink().await, TempDir::new().unwrap());
        let gateway =
            SmsGateway::start("127.0.0.1:0".parse().unwrap(), GatewaySettings::default()).await.unwrap();
        let bus = LocalBus::open(&folder.path().join("bus.sqlite"), LocalBusSettings::default()).unwrap();
        let store = opened(&folder, database).await;
        let (mut registry, drain) = (Registry::default(), Drain::new());
        let mut settings = settings(sink.local_addr());
        settings.sieve.per_message = 1_000;
        settings.sms = Some(sms_settings(form, &gateway.base_url()));
        change(&mut settings);
        let notifyd =
            Notifyd::start(settings, b"site", Arc::new(bus.clone()), store.clone(), &mut registry).await;
        drop(drain.spawn(notifyd.unwrap().run(drain.clone())));
        Self {
            address: gateway.local_addr(),
            gateway,
            sink,
            store,
            bus,
            registry,
            grants: AtomicU64::default(),
            _drain: drain,
            folder,
        }
    }

    /// Gives Alice so much more.
    pub async fn credit(&self, amount: i64) {
        let nth = self.grants.fetch_add(1, Ordering::SeqCst);
        self.store.grant(&alice(), amount, &format!("grant {nth}"), now()).await.unwrap();
    }

    /// Available and reserved, which is what the entries add up to.
    pub async fn credit_left(&self) -> (u64, u64) {
        assert_eq!(self.store.audit().await.unwrap(), 0);
        let credit = self.store.credit(&alice()).await.unwrap();
        (credit.available, credit.reserved)
    }

    /// Dispatches it twice, as relay does after a death.
    pub async fn notify(&self, sequence: u64, notification: SieveNotification) {
        for _ in 0..2 {
            self.dispatch(sequence, JobKind::Sms, notification.clone()).await;
        }
    }

    /// A notification by mail.
    pub async fn mail(&self, sequence: u64) {
        let mut notification = notification("mailto", &["phone@example.net"], "x", MESSAGE.as_bytes());
        notification.text = sequence.to_string();
        self.dispatch(sequence, JobKind::Sieve, notification).await;
    }

    async fn dispatch(&self, sequence: u64, kind: JobKind, notification: SieveNotification) {
        let id = EventId { relay: RelayId(1), sequence };
        let event = Event { id, taken_at: now(), notification: Notification::Sieve(Box::new(notification)) };
        let payload = encode(&event, Lying::MessagePack).unwrap().into();
        let topic = Topic::Job(Urgency::Normal, kind, AccountToken([7; 16]));
        self.bus.dispatch(Message { id, topic, payload }, &[]).await.unwrap();
    }

    pub async fn texts(&self, count: u64) {
        let mut taken = self.gateway.taken();
        let wait = taken.wait_for(|taken| *taken >= count);
        tokio::time::timeout(DEADLINE, wait).await.unwrap().unwrap();
    }

    pub async fn mails(&self, count: u64) {
        mails(&self.sink, count).await;
    }

    /// From here on Alice reads this language; on SQLite.
    pub fn speaks(&self, language: &str) {
        let upsert = "INSERT INTO recipients (user_id, language) VALUES ('alice@example.org', ?1) \
            ON CONFLICT (user_id) DO UPDATE SET language = ?1";
        self.by_hand().execute(upsert, [language]).unwrap();
    }

    /// Has each notice be due, which no worker has; on SQLite.
    pub fn notices_are_due(&self) {
        self.by_hand().execute("UPDATE windows SET flush_at = 0, claimed_until = 0", []).unwrap();
    }

    /// How many are not over; on SQLite.
    pub fn notices(&self) -> u64 {
        self.by_hand().query_row("SELECT COUNT(*) FROM windows", [], |row| row.get(0)).unwrap()
    }

    fn by_hand(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.folder.path().join("store.sqlite")).unwrap()
    }

    pub fn metric(&self, name: &str) -> String {
        metric(&self.registry, name)
    }

    pub fn untold(&self, reason: &str) -> String {
        self.metric(&format!("notifyd_texts_dropped_total{{reason=\"{reason}\"}}"))
    }

    pub fn runs(&self) -> u64 {
        crate::bus::runs(&self.registry)
    }

    /// Waits until so many runs are over and nothing waits.
    pub async fn done(&self, runs: u64) {
        self.until("the jobs are done", || self.runs() >= runs).await;
        self.settled().await;
    }

    /// Waits until no credit is held any more.
    pub async fn settled(&self) {
        let began = Instant::now();
        while self.credit_left().await.1 > 0 {
            assert!(began.elapsed() < DEADLINE, "credit is still held");
            tokio::task::yield_now().await;
        }
    }

    pub async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let began = Instant::now();
        while !is_so() {
            assert!(began.elapsed() < DEADLINE, "waited in vain until {what}");
            tokio::task::yield_now().await;
        }
    }

    pub async fn dead_letter(&self) -> DeadLetter {
        let (group, began) = (Group(SMS.to_owned()), Instant::now());
        loop {
            if let Some(letter) = self.bus.dead_letters(&group, 10).await.unwrap().pop() {
                return letter;
            }
            assert!(began.elapsed() < DEADLINE, "there is no dead letter");
            tokio::task::yield_now().await;
        }
    }

    pub async fn gateway_goes_away(&mut self) {
        let other =
            SmsGateway::start("127.0.0.1:0".parse().unwrap(), GatewaySettings::default()).await.unwrap();
        std::mem::replace(&mut self.gateway, other).stop().await;
    }

    pub async fn gateway_comes_back(&mut self) {
        self.gateway = SmsGateway::start(self.address, GatewaySettings::default()).await.unwrap();
    }
}

pub fn alice() -> Account {
    Account::parse("alice@example.org").unwrap()
}

async fn opened(folder: &TempDir, database: Option<&Arc<Postgres>>) -> Store {
    let insert = NUMBERS.map(|number| {
        format!("INSERT INTO recipient_numbers (user_id, number) VALUES ('alice@example.org', '{number}');")
    });
    let (file, insert) = (folder.path().join("store.sqlite"), insert.concat());
    match database {
        Some(server) => {
            let name = server.database();
            let store = Store::open(&store::Settings::at(server.url(&name)), &file).await.unwrap();
            server.sql(&name, &insert);
            store
        }
        None => {
            let store = Store::open(&store::Settings::default(), &file).await.unwrap();
            rusqlite::Connection::open(&file).unwrap().execute_batch(&insert).unwrap();
            store
        }
    }
}

pub fn sms_settings(form: Form, base: &str) -> SmsSettings {
    let account = Fake::default();
    let (provider, section) = match form {
        Form::Twilio => {
            let (sid, token) = (account.twilio_sid, account.twilio_token);
            ("twilio", format!("account = '{sid}', token = '{token}', base = '{base}'"))
        }
        Form::Vonage => {
            let (secret, signature) = (account.vonage_secret, account.vonage_signature_secret);
            let key = account.vonage_key;
            let secrets = format!("secret = '{secret}', signature_secret = '{signature}'");
            ("vonage", format!("key = '{key}', {secrets}, base = '{base}'"))
        }
        Form::Webhook => ("webhook", format!("url = '{base}/sms', secret = '{}'", account.webhook_secret)),
    };
    let env = [
        ("N__FROM", "+4915199999999".to_owned()),
        ("N__HOME", "DE".to_owned()),
        ("N__COUNTRIES", "['DE']".to_owned()),
        ("N__GATEWAY__PROVIDER", provider.to_owned()),
        (
            Box::leak(format!("N__GATEWAY__{}", provider.to_uppercase()).into_boxed_str()),
            format!("{{ {section} }}"),
        ),
    ];
    kit::config::load(None, env.into_iter().map(|(name, value)| (name.to_owned(), value)), "N").unwrap()
}

/// What a script's `notify` becomes.
pub fn notification(method: &str, options: &[&str], words: &str, message: &[u8]) -> SieveNotification {
    SieveNotification {
        account: alice(),
        method: method.to_owned(),
        priority: "normal".to_owned(),
        options: options.iter().map(|&option| option.to_owned()).collect(),
        text: words.to_owned(),
        message: Some(message.to_vec()),
    }
}

/// By text, of the usual message; the method first, then options.
pub fn sms(method: &[&str], words: &str) -> SieveNotification {
    notification(method[0], &method[1..], words, MESSAGE.as_bytes())
}
