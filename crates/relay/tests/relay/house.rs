//! A relay in a folder of its own, and a Cyrus that speaks to it.

use std::{
    fmt::Debug,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use cyrus::{Notice, datagram, dlist};
use kit::{drain::Drain, readiness::Readiness};
use mailbox_event::{Account, AccountToken, AccountTokens, Naming, codec};
use prometheus_client::{encoding::text::encode, registry::Registry};
use relay::{Activated, Deps, Relay, RunError, Settings, StartError, clock, settings::SpoolSettings};
use state::{AccountState, Counter};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixDatagram, UnixStream},
    task::JoinHandle,
};

use crate::valve::Valve;

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What outlives a relay.
pub struct House {
    pub folder: TempDir,
    pub bus: Arc<Valve>,
    pub settings: Settings,
}

/// A relay at work.
pub struct Running {
    drain: Drain,
    task: JoinHandle<Result<(), RunError>>,
    registry: Registry,
    pub readiness: Readiness,
}

impl House {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            dlist: Some(folder.path().join("dlist")),
            datagram: Some(folder.path().join("datagram")),
            spool: SpoolSettings { folder: folder.path().join("spool"), ..SpoolSettings::default() },
            ..Settings::default()
        };
        Self { folder, bus: Valve::new(), settings }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn try_start(&self) -> Result<Running, StartError> {
        let (mut registry, readiness, drain) = (Registry::default(), Readiness::new(), Drain::new());
        let deps = Deps {
            bus: self.bus.clone(),
            tokens: tokens(),
            naming: Naming::new("example.org"),
            registry: &mut registry,
            gate: readiness.gate("relay"),
            activated: Activated::none(),
            clock: clock::system,
        };
        let relay = Relay::bind(self.settings.clone(), deps)?;
        let task = tokio::spawn(relay.run(drain.clone()));
        Ok(Running { drain, task, registry, readiness })
    }

    pub fn start(&self) -> Running {
        self.try_start().unwrap()
    }

    /// Starts after a relay that was killed, whose last tasks may still be dying.
    pub async fn start_again(&self) -> Running {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.try_start() {
                Ok(running) => return running,
                Err(error) => assert!(Instant::now() < end, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub async fn dlist(&self, notice: &Notice) -> String {
        converse(&self.path("dlist"), &dlist::write(notice)).await
    }

    pub async fn datagram(&self, notice: &Notice) {
        let socket = UnixDatagram::unbound().unwrap();
        socket.send_to(&datagram::write(notice), self.path("datagram")).await.unwrap();
    }

    /// The state that the bus has of an account.
    pub async fn state(&self, user: &str) -> Option<AccountState> {
        let found = bus::Retained::state(&self.bus.inner, token(user)).await.unwrap()?;
        Some(codec::decode(&found.value).unwrap())
    }

    /// The mail modseq that the bus has of an account.
    pub async fn mail(&self, user: &str) -> Option<u64> {
        Some(self.state(user).await?.vector.get(Counter::Mail)?.0)
    }

    pub async fn mail_becomes(&self, user: &str, modseq: u64) {
        until_async(|| async { self.mail(user).await == Some(modseq) }).await;
    }

    /// The texts of the Sieve notifications that became jobs, in order.
    pub fn jobs(&self) -> Vec<String> {
        let dispatched = self.bus.dispatched.lock().unwrap();
        dispatched.iter().map(|message| text(&message.payload)).collect()
    }
}

fn text(payload: &[u8]) -> String {
    let event: mailbox_event::Event = codec::decode(payload).unwrap();
    match event.notification {
        mailbox_event::Notification::Sieve(sieve) => sieve.text,
        other => panic!("not a Sieve notification: {other:?}"),
    }
}

impl Running {
    /// Ends in order.
    pub async fn stop(self) {
        self.drain.begin();
        tokio::time::timeout(PATIENCE, self.task).await.expect("drain has a deadline").unwrap().unwrap();
    }

    /// Ends like a process that is killed: nothing is finished, nothing is closed.
    pub async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }

    /// A metric by its name and labels as written.
    pub fn metric(&self, name: &str) -> f64 {
        let mut text = String::new();
        encode(&mut text, &self.registry).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().unwrap())
    }

    pub async fn metric_becomes(&self, name: &str, value: f64) {
        until(|| self.metric(name) == value).await;
    }
}

/// Waits for a condition.
pub async fn until(condition: impl Fn() -> bool) {
    until_async(|| std::future::ready(condition())).await;
}

pub async fn until_async<F: Future<Output = bool>>(condition: impl Fn() -> F) {
    let end = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < end, "did not come true");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub async fn soon<T: Debug>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("comes soon")
}

/// Writes to a stream socket and gives what is answered until it closes.
pub async fn converse(path: &Path, octets: &[u8]) -> String {
    let mut stream = UnixStream::connect(path).await.unwrap();
    // Who is refused half-way may see the pipe break, as Cyrus does; the answer counts.
    stream.write_all(octets).await.ok();
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

pub fn tokens() -> AccountTokens {
    AccountTokens::new(b"a key of the tests")
}

pub fn token(user: &str) -> AccountToken {
    tokens().token(&Account::parse(&format!("{user}@example.org")).unwrap())
}

/// A change of the mail of `user`, as Cyrus tells it.
pub fn change(user: &str, modseq: u64) -> Notice {
    let message = serde_json::json!({
        "event": "MailboxModseq",
        "mailboxID": format!("inbox-of-{user}"),
        "uri": format!("imap://imap1.example.org/user/{user};UIDVALIDITY=1700000000"),
        "user": "",
        "vnd.cmu.mbtype": "e",
        "vnd.cmu.mailboxACL": format!("{user}\tlrswipkxtecdan\t"),
        "vnd.fastmail.counters": format!("9 {modseq} {modseq} 0 0 0 1 0 0 0 0 0 1700000000"),
    });
    Notice {
        method: "pusher".to_owned(),
        class: "EVENT".to_owned(),
        message: message.to_string().into_bytes(),
        ..Notice::default()
    }
}

/// What a Sieve script of `user` says.
pub fn sieve(user: &str, text: &str) -> Notice {
    Notice {
        method: "mailto".to_owned(),
        class: "SIEVE".to_owned(),
        priority: "normal".to_owned(),
        user: user.to_owned(),
        mailbox: "INBOX".to_owned(),
        options: vec!["somebody@example.net".to_owned()],
        message: text.as_bytes().to_vec(),
        file_path: None,
    }
}
