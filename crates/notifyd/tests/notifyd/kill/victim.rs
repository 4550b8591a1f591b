//! notifyd in a process of its own.

use std::{
    env, fmt,
    net::SocketAddr,
    os::unix::process::ExitStatusExt,
    process::Stdio,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use fakes::smtp::{Faults, SmtpSink};
use kit::drain::Drain;
use notifyd::Notifyd;
use prometheus_client::registry::Registry;
use rustix::process::{Signal, getpid, kill_process};
use tokio::process::{Child, ChildStdin, Command};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use super::{THIS_TEST, aim::Aim, place::Place};
use crate::setup::settings;

const SERVER: &str = "NOTIFYD_TEST_KILL_SERVER";
const CONCURRENCY: &str = "NOTIFYD_TEST_KILL_CONCURRENCY";
const WORD: &str = "NOTIFYD_TEST_KILL_WORD";
const TIMES: &str = "NOTIFYD_TEST_KILL_TIMES";
const MICROSECONDS: &str = "NOTIFYD_TEST_KILL_MICROSECONDS";

/// A busy machine takes a while to start one; longer than jobs of a dead node wait on NATS.
const PATIENCE: Duration = Duration::from_secs(15);

/// A running notifyd. It ends when this is dropped, and in order when its standard input does.
pub struct Victim(Child, ChildStdin);

/// Hears every word of this process, and kills it at one.
struct Killer {
    word: String,
    left: AtomicU64,
    pause: Duration,
}

/// Is notifyd until it is killed, or standard input ends.
pub async fn serve(place: &Place) {
    let text = |name| env::var(name).ok();
    if let (Some(word), Some(times), Some(pause)) = (text(WORD), text(TIMES), text(MICROSECONDS)) {
        let pause = Duration::from_micros(pause.parse().unwrap());
        let killer = Killer { word, left: AtomicU64::new(times.parse().unwrap()), pause };
        tracing::subscriber::set_global_default(killer).unwrap();
    }
    let mut settings = settings(text(SERVER).unwrap().parse().unwrap());
    (settings.concurrency, settings.retries) = (text(CONCURRENCY).unwrap().parse().unwrap(), 100);
    let (bus, store) = (place.bus().await, place.store().await);
    let (drain, mut registry) = (Drain::new(), Registry::default());
    let notifyd = Notifyd::start(settings, b"site", bus.shared(), store, &mut registry).await;
    let running = tokio::spawn(notifyd.unwrap().run(drain.clone()));
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await.unwrap().unwrap();
    drain.begin();
    running.await.unwrap();
    bus.close().await;
}

impl Victim {
    /// Starts one, to be killed where it comes by for that many times, or not at all.
    pub fn start(place: &Place, server: SocketAddr, kill: Option<(&Aim, u64)>) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", THIS_TEST, "--nocapture"]).env(SERVER, server.to_string());
        command.env(CONCURRENCY, kill.map_or(4, |(aim, _)| aim.concurrency()).to_string());
        place.tell(&mut command);
        if let Some((aim, count)) = kill
            && let Some((word, pause)) = aim.word()
        {
            command.env(WORD, word).env(TIMES, aim.times(count).to_string());
            command.env(MICROSECONDS, pause.as_micros().to_string());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        // Waiting for the child would close it.
        let stdin = child.stdin.take().unwrap();
        Self(child, stdin)
    }

    /// Waits until it was killed: whether where it was aimed. It is not when every alarm is done before.
    pub async fn killed(mut self, aim: &Aim, sink: &SmtpSink) -> bool {
        let mut stalled = sink.stalled();
        let before = *stalled.borrow_and_update();
        sink.set_faults(aim.faults());
        let is_hit = tokio::select! {
            ended = self.0.wait() => {
                assert_eq!(ended.unwrap().signal(), Some(Signal::KILL.as_raw()), "notifyd ended by itself");
                true
            }
            _held_back = stalled.wait_for(|stalled| *stalled > before) => true,
            () = tokio::time::sleep(PATIENCE) => false,
        };
        // One that has ended cannot be killed again.
        self.0.kill().await.ok();
        sink.set_faults(Faults::default());
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
