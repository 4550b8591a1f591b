//! A pusher, its bus and its clients.

pub mod client;
pub mod flaky_bus;
pub mod issuer;
pub mod mail_server;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use bus::{Bus, Retained};
use bus_local::{LocalBus, LocalBusSettings};
use kit::{config::Secret, drain::Drain, readiness::Readiness};
use mailbox_event::{
    Account, AccountToken, AccountTokens, AlarmAction, CalendarAlarm, Event, EventId, Modseq, Naming,
    Notification, RelayId, UidValidity, UnixMillis, codec,
};
use prometheus_client::registry::Registry;
use pusher::{Credential, Deps, JwtAlgorithm, JwtSettings, Pusher, Revoker, Settings, UpstreamSettings};
use state::{AccountState, Counter, Epoch};
use tokio::task::JoinHandle;

use client::Client;

const KEY: &str = "a shared key of thirty-two octets";
/// Nothing here takes near this long; it is the end of waiting for what will never come.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Node {
    pub address: SocketAddr,
    pub bus: LocalBus,
    pub drain: Drain,
    pub readiness: Readiness,
    pub running: JoinHandle<()>,
    pub revoker: Revoker,
    registry: Registry,
    sequence: AtomicU64,
}

pub fn jwt() -> Credential {
    Credential::Jwt(JwtSettings {
        key: Some(Secret::new(KEY)),
        ..JwtSettings::new(JwtAlgorithm::HS256, "mailpush")
    })
}

pub fn upstream(session_url: String) -> Credential {
    Credential::Upstream(UpstreamSettings {
        timeout: Duration::from_millis(500),
        ..UpstreamSettings::new(session_url)
    })
}

pub fn settings() -> Settings {
    Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        credentials: vec![jwt()],
        ..Settings::default()
    }
}

pub fn tokens() -> AccountTokens {
    AccountTokens::new(b"the key of this installation")
}

pub fn alice() -> Account {
    Account::parse("alice@example.org").unwrap()
}

pub fn token(account: &Account) -> AccountToken {
    tokens().token(account)
}

/// `Bearer` for a user, good for this long.
pub fn bearer(user: &str, lasts: Duration) -> String {
    let expires_at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + lasts;
    signed(&serde_json::json!({"sub": user, "aud": "mailpush", "exp": expires_at.as_secs()}))
}

/// `Bearer` with these claims.
pub fn signed(claims: &serde_json::Value) -> String {
    let key = jsonwebtoken::EncodingKey::from_secret(KEY.as_bytes());
    format!("Bearer {}", jsonwebtoken::encode(&jsonwebtoken::Header::default(), claims, &key).unwrap())
}

/// What a server with counters tells of Alice.
pub fn state(numbers: &[(Counter, u64)]) -> AccountState {
    let mut state = AccountState::new(alice());
    state.epoch = Epoch(1);
    state.life.uid_validity = UidValidity(1);
    for (counter, modseq) in numbers {
        state.vector.raise(*counter, Modseq(*modseq));
    }
    state
}

pub fn mail(modseq: u64) -> AccountState {
    state(&[(Counter::Mail, modseq)])
}

impl Node {
    pub async fn start() -> Self {
        Self::with(settings()).await
    }

    pub async fn with(settings: Settings) -> Self {
        Self::bounded(settings, LocalBusSettings::default()).await
    }

    pub async fn bounded(settings: Settings, bus: LocalBusSettings) -> Self {
        let bus = LocalBus::in_memory(bus).unwrap();
        Self::on(settings, bus.clone(), Arc::new(bus)).await
    }

    /// `bus` is what the tests publish on, `seen` what the pusher has of it.
    pub async fn on(settings: Settings, bus: LocalBus, seen: Arc<dyn Bus>) -> Self {
        let (mut registry, readiness, drain) = (Registry::default(), Readiness::new(), Drain::new());
        let deps = Deps {
            bus: seen,
            tokens: tokens(),
            naming: Naming::new("example.org"),
            registry: &mut registry,
            gate: readiness.gate("pusher"),
            drain: drain.clone(),
        };
        let pusher = Pusher::bind(settings, deps).await.unwrap();
        let address = pusher.local_addr().unwrap();
        let revoker = pusher.revoker();
        let running = tokio::spawn(pusher.run());
        Self { address, bus, drain, readiness, running, revoker, registry, sequence: AtomicU64::new(0) }
    }

    pub async fn publish(&self, state: &AccountState) {
        let account = token(&state.account);
        let expected = self.bus.state(account).await.unwrap().map(|stored| stored.revision);
        let value = codec::encode(state, codec::Form::MessagePack).unwrap();
        self.bus.put_state(account, value.into(), expected, self.cause()).await.unwrap();
    }

    /// A display alarm, put on the bus as relay does it.
    pub async fn alert(&self, uid: u64) -> EventId {
        let id = self.cause();
        self.alert_as(id, uid).await;
        id
    }

    pub async fn alert_as(&self, id: EventId, uid: u64) {
        let notification = Notification::Alarm(Box::new(display_alarm(&format!("alert {uid}"))));
        let event = Event { id, taken_at: UnixMillis(0), notification };
        let naming = Naming::new("example.org");
        let form = codec::Form::MessagePack;
        let publications = routing::publications(&event, &tokens(), &naming, form).unwrap();
        assert_eq!(publications.messages.len(), 1);
        for (message, keys) in publications.messages {
            self.bus.dispatch(message, &keys).await.unwrap();
        }
    }

    /// A stream of Alice, by token.
    pub async fn open(&self, path: &str) -> Client {
        self.open_with(path, &[]).await
    }

    pub async fn open_with(&self, path: &str, fields: &[(&str, &str)]) -> Client {
        let bearer = bearer("alice", Duration::from_secs(600));
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend_from_slice(fields);
        Client::get(self.address, path, &all).await
    }

    /// Waits until the metrics hold this line.
    pub async fn until_metric(&self, line: &str) {
        let said = async {
            while !self.metrics().lines().any(|said| said == line) {
                tokio::task::yield_now().await;
            }
        };
        let outcome = tokio::time::timeout(PATIENCE, said).await;
        assert!(outcome.is_ok(), "no {line} in\n{}", self.metrics());
    }

    /// Events with states that were written.
    pub fn frames(&self) -> u64 {
        let metrics = self.metrics();
        let count =
            metrics.lines().find_map(|line| line.strip_prefix("pusher_frames_total{kind=\"state\"} "));
        count.map_or(0, |count| count.parse().unwrap())
    }

    pub fn metrics(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        text
    }

    fn cause(&self) -> EventId {
        EventId { relay: RelayId(1), sequence: self.sequence.fetch_add(1, Ordering::Relaxed) + 1 }
    }
}

fn display_alarm(uid: &str) -> CalendarAlarm {
    CalendarAlarm {
        account: alice(),
        action: AlarmAction::Display,
        calendar_id: "Default".to_owned(),
        calendar_name: "Personal".to_owned(),
        uid: uid.to_owned(),
        recurrence_id: None,
        calendar_event_id: None,
        alert_id: None,
        alarm_time: "20261122T114500".to_owned(),
        recipients: Vec::new(),
        summary: "Lunch".to_owned(),
        description: String::new(),
        location: String::new(),
        timezone: "Europe/Vienna".to_owned(),
        start: "20261122T120000".to_owned(),
        end: "20261122T130000".to_owned(),
        all_day: false,
        attendees: Vec::new(),
        organizer: String::new(),
    }
}
