//! notifyd in a process of its own.

use std::{
    env, fmt,
    os::unix::process::ExitStatusExt,
    process::Stdio,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use kit::drain::Drain;
use notifyd::{Notifyd, Settings};
use prometheus_client::registry::Registry;
use rustix::process::{Signal, getpid, kill_process};
use tokio::process::{Child, ChildStdin, Command};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use super::place::Place;

const WORD: &str = "NOTIFYD_TEST_KILL_WORD";
const TIMES: &str = "NOTIFYD_TEST_KILL_TIMES";
const MICROSECONDS: &str = "NOTIFYD_TEST_KILL_MICROSECONDS";

/// A busy machine takes a while to start one; longer than jobs of a dead node wait on NATS.
const PATIENCE: Duration = Duration::from_secs(15);

/// A running notifyd. It ends when this is dropped, and in order when its standard input does.
pub struct Victim(Child, ChildStdin);

/// Where notifyd kills itself: so long after it came by a word of its log at level trace for that many times.
#[derive(Debug, Clone, Copy)]
pub struct Strike {
    pub word: &'static str,
    pub times: u64,
    pub pause: Duration,
}

/// Hears every word of this process, and kills it at one.
struct Killer {
    word: String,
    left: AtomicU64,
    pause: Duration,
}

/// How often a start is tried.
const STARTS: u32 = 5;

/// Is notifyd with `settings` until it is killed, or standard input ends.
pub async fn serve(place: &Place, settings: Settings) {
    let text = |name| env::var(name).ok();
    if let (Some(word), Some(times), Some(pause)) = (text(WORD), text(TIMES), text(MICROSECONDS)) {
        let pause = Duration::from_micros(pause.parse().unwrap());
        let killer = Killer { word, left: AtomicU64::new(times.parse().unwrap()), pause };
        tracing::subscriber::set_global_default(killer).unwrap();
    }
    let (bus, store) = (place.bus().await, place.store().await);
    let drain = Drain::new();
    let mut starts = 1;
    let notifyd = loop {
        let (mut registry, store) = (Registry::default(), store.clone());
        match Notifyd::start(settings.clone(), b"site", bus.shared(), store, &mut registry).await {
            Ok(notifyd) => break notifyd,
            // A NATS beside many others may answer late. Who starts notifyd for good starts it again.
            Err(why) if starts == STARTS => panic!("{why:?}"),
            Err(_) => starts += 1,
        }
    };
    let running = tokio::spawn(notifyd.run(drain.clone()));
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await.unwrap().unwrap();
    drain.begin();
    running.await.unwrap();
    bus.close().await;
}

impl Victim {
    /// Starts one: this `test`, told `environment`.
    pub fn start(place: &Place, test: &str, environment: &[(&str, String)], strike: Option<Strike>) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", test, "--nocapture"]);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        place.tell(&mut command);
        if let Some(Strike { word, times, pause }) = strike {
            command.env(WORD, word).env(TIMES, times.to_string());
            command.env(MICROSECONDS, pause.as_micros().to_string());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        // Waiting for the child would close it.
        let stdin = child.stdin.take().unwrap();
        Self(child, stdin)
    }

    /// Waits until it has killed itself, or kills it when an answer is `held_back`: whether it was one of these. It is
    /// neither when all jobs are done before.
    pub async fn killed(mut self, held_back: impl Future<Output = ()>) -> bool {
        let is_hit = tokio::select! {
            ended = self.0.wait() => {
                assert_eq!(ended.unwrap().signal(), Some(Signal::KILL.as_raw()), "notifyd ended by itself");
                true
            }
            () = held_back => true,
            () = tokio::time::sleep(PATIENCE) => false,
        };
        // One that has ended cannot be killed again.
        self.0.kill().await.ok();
        is_hit
    }

    /// Has it end in order.
    pub async fn end(mut self) {
        drop(self.1);
        assert!(self.0.wait().await.unwrap().success());
    }
}

impl Killer {
    fn strike() {
        kill_process(getpid(), Signal::KILL).unwrap();
        // What this thread would do next must not happen.
        loop {
            thread::park();
        }
    }
}

impl Subscriber for Killer {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("notifyd")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut is_it = IsIt(&self.word, false);
        event.record(&mut is_it);
        if !is_it.1 || self.left.fetch_sub(1, Ordering::SeqCst) != 1 {
            return;
        }
        if self.pause.is_zero() {
            Self::strike();
        }
        let end = Instant::now() + self.pause;
        thread::spawn(move || {
            // Waiting for a timer would be coarser than what is aimed at.
            while Instant::now() < end {
                std::hint::spin_loop();
            }
            Self::strike();
        });
    }
}

/// Whether the message is the word.
struct IsIt<'a>(&'a str, bool);

impl Visit for IsIt<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.1 |= field.name() == "message" && format!("{value:?}") == self.0;
    }
}
