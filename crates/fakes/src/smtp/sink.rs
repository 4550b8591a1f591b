//! The loop around the sessions.

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufStream},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};
use tracing::{debug, warn};

use super::{
    Faults, Limits, Mail, Verb, line,
    session::{Session, Step},
};

/// What a sink holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SinkSettings {
    /// Bounds of each session.
    pub limits: Limits,
    /// Mails that are kept; older ones make room.
    pub kept: usize,
    /// Connections at a time; the next one waits.
    pub connections: usize,
    /// How long a client may be silent (RFC 5321 §4.5.3.2.7 asks for 5 minutes).
    pub idle: Duration,
}

impl Default for SinkSettings {
    fn default() -> Self {
        Self { limits: Limits::default(), kept: 100, connections: 32, idle: Duration::from_secs(300) }
    }
}

/// A running server; it ends, with its connections, soon after this is dropped.
#[derive(Debug)]
pub struct SmtpSink {
    local_addr: SocketAddr,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    stop: DropGuard,
}

#[derive(Debug)]
struct Shared {
    settings: SinkSettings,
    mails: Mutex<VecDeque<Arc<Mail>>>,
    faults: watch::Sender<Faults>,
    taken: watch::Sender<u64>,
    stalled: watch::Sender<u64>,
    /// How many were taken, and how many of them are open.
    connections: watch::Sender<(u64, u64)>,
    /// How often sessions were told to end, and with which words.
    ends: watch::Sender<(u64, &'static str)>,
}

impl SmtpSink {
    /// Listens on `address` (port 0: any).
    pub async fn start(address: SocketAddr, settings: SinkSettings) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let local_addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            settings,
            mails: Mutex::default(),
            faults: watch::Sender::default(),
            taken: watch::Sender::default(),
            stalled: watch::Sender::default(),
            connections: watch::Sender::default(),
            ends: watch::Sender::default(),
        });
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let run = accept(listener, shared.clone(), tasks.clone(), stop.clone());
        tasks.spawn(stop.clone().run_until_cancelled_owned(run));
        Ok(Self { local_addr, shared, tasks, stop: stop.drop_guard() })
    }

    /// Ends it and waits until its address is free and its connections are closed.
    pub async fn stop(self) {
        drop(self.stop);
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The mails that are kept, oldest first.
    pub fn mails(&self) -> Vec<Arc<Mail>> {
        locked(&self.shared.mails).iter().cloned().collect()
    }

    /// How many mails were taken since the start; changes after the mail is among [`Self::mails`].
    pub fn taken(&self) -> watch::Receiver<u64> {
        self.shared.taken.subscribe()
    }

    /// How many answers were held back since the start ([`Faults::stalled`]).
    pub fn stalled(&self) -> watch::Receiver<u64> {
        self.shared.stalled.subscribe()
    }

    /// How many connections were taken since the start.
    pub fn connections(&self) -> u64 {
        self.shared.connections.borrow().0
    }

    /// Waits until no client is connected.
    pub async fn left_alone(&self) {
        // The sender lives as long as this.
        self.shared.connections.subscribe().wait_for(|(_, open)| *open == 0).await.ok();
    }

    /// Ends every session that waits for its client, as servers do with idle ones, and waits until all are over.
    /// `farewell` is said before that: nothing, or a reply like `421 4.4.2 Idle`.
    pub async fn end_sessions(&self, farewell: &'static str) {
        self.shared.ends.send_modify(|(ends, words)| (*ends, *words) = (*ends + 1, farewell));
        self.left_alone().await;
    }

    /// Has it fail from here on, in sessions that are open too.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.faults.send_replace(faults);
    }
}

impl Shared {
    fn keep(&self, mail: Mail) {
        let mut mails = locked(&self.mails);
        while mails.len() >= self.settings.kept.max(1) {
            mails.pop_front();
        }
        mails.push_back(Arc::new(mail));
        drop(mails);
        self.taken.send_modify(|taken| *taken += 1);
    }

    fn faults(&self) -> Faults {
        self.faults.borrow().clone()
    }

    /// Does what a step says; whether the session goes on after it.
    async fn answer(&self, stream: &mut BufStream<TcpStream>, step: Step) -> io::Result<bool> {
        if let Some(mail) = step.mail {
            self.keep(mail);
        }
        if let Some(verb) = step.verb
            && !self.stall(verb, stream).await?
        {
            return Ok(false);
        }
        if let Some(reply) = step.reply {
            say(stream, &reply, self.settings.idle).await?;
        }
        Ok(!step.closes)
    }

    /// Waits while the answer to `verb` is to be held back; whether the client is still there then.
    async fn stall(&self, verb: Verb, stream: &mut BufStream<TcpStream>) -> io::Result<bool> {
        let mut faults = self.faults.subscribe();
        if faults.borrow_and_update().stalled != Some(verb) {
            return Ok(true);
        }
        self.stalled.send_modify(|stalled| *stalled += 1);
        let over = faults.wait_for(|faults| faults.stalled != Some(verb));
        tokio::select! {
            // The sender lives as long as this.
            _over = over => Ok(true),
            gone = gone(stream) => gone.map(|()| false),
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, tasks: TaskTracker, stop: CancellationToken) {
    /// The wait after accept fails (no file descriptors), so that the loop does not spin.
    const PAUSE: Duration = Duration::from_millis(100);
    let places = Arc::new(Semaphore::new(shared.settings.connections));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let session = connection(stream, shared.clone(), place);
                tasks.spawn(stop.clone().run_until_cancelled_owned(session));
            }
            Err(why) => {
                warn!(error = %why, "Cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, _place: OwnedSemaphorePermit) {
    shared.connections.send_modify(|(taken, open)| (*taken, *open) = (*taken + 1, *open + 1));
    // Also where the task is cut off.
    let _open = Open(&shared);
    if let Err(why) = converse(BufStream::new(stream), &shared).await {
        debug!(error = %why, "Connection failed");
    }
}

/// A session that goes on.
struct Open<'a>(&'a Shared);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.connections.send_modify(|(_, open)| *open -= 1);
    }
}

async fn converse(mut stream: BufStream<TcpStream>, shared: &Shared) -> io::Result<()> {
    let SinkSettings { limits, idle, .. } = shared.settings;
    let (mut session, mut ends) = (Session::new(limits), shared.ends.subscribe());
    let greeting = Session::greeting(&shared.faults());
    let mut goes_on = shared.answer(&mut stream, greeting).await?;
    while goes_on {
        let line = tokio::select! {
            line = tokio::time::timeout(idle, line::read(&mut stream, limits.line)) => line??,
            // The sender lives as long as this.
            _told = ends.changed() => {
                let words = ends.borrow_and_update().1;
                say(&mut stream, words, idle).await?;
                None
            }
        };
        let Some(line) = line else { return stream.shutdown().await };
        let step = session.line(&line, &shared.faults());
        goes_on = shared.answer(&mut stream, step).await?;
    }
    stream.shutdown().await
}

/// Ends when the client has closed the connection; never where it has sent more than it should have.
async fn gone(stream: &mut BufStream<TcpStream>) -> io::Result<()> {
    match stream.fill_buf().await? {
        [] => Ok(()),
        _ => std::future::pending().await,
    }
}

async fn say(stream: &mut BufStream<TcpStream>, reply: &str, idle: Duration) -> io::Result<()> {
    stream.write_all(reply.as_bytes()).await?;
    tokio::time::timeout(idle, stream.flush()).await?
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change is whole before the lock is left, so a panic elsewhere leaves nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
