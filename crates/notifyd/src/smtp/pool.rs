//! Connections that wait for the next mail, for a while.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::time::Instant;

use super::Connection;

/// How long the server may take to answer a farewell that it need not answer.
const FAREWELL: Duration = Duration::from_secs(2);

/// See the module. One that has waited too long is closed, whether or not there is another mail.
pub(super) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    most: usize,
    longest_idle: Duration,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// Who came last is last.
    connections: Vec<(Connection, Instant)>,
    /// Whether somebody will come to close the oldest.
    is_watched: bool,
}

impl Pool {
    pub(super) fn new(most: usize, longest_idle: Duration) -> Self {
        Self { shared: Arc::new(Shared { most, longest_idle, waiting: Mutex::default() }) }
    }

    /// The one that waits for the shortest time.
    pub(super) fn take(&self) -> Option<Connection> {
        let mut waiting = self.shared.waiting();
        // Where the last has waited too long, so have the others: the watch closes them.
        let is_good =
            waiting.connections.last().is_some_and(|(_, since)| since.elapsed() < self.shared.longest_idle);
        if is_good { waiting.connections.pop().map(|(connection, _)| connection) } else { None }
    }

    /// Has `connection` wait, unless enough do.
    pub(super) fn keep(&self, connection: Connection) {
        let mut waiting = self.shared.waiting();
        if waiting.connections.len() >= self.shared.most || self.shared.longest_idle.is_zero() {
            return;
        }
        waiting.connections.push((connection, Instant::now()));
        if !std::mem::replace(&mut waiting.is_watched, true) {
            tokio::spawn(watch(Arc::downgrade(&self.shared), self.shared.longest_idle));
        }
    }

    /// Closes all that wait.
    pub(super) async fn close(&self) {
        let all = std::mem::take(&mut self.shared.waiting().connections);
        quit(all.into_iter().map(|(connection, _)| connection)).await;
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Every change is whole before the lock is left, so a panic elsewhere leaves nothing half done.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that have waited too long, and when the next one will have; without one nobody watches any more.
    fn expired(&self) -> (Vec<Connection>, Option<Duration>) {
        let mut waiting = self.waiting();
        let is_old = |since: &Instant| since.elapsed() >= self.longest_idle;
        let old = waiting.connections.iter().take_while(|(_, since)| is_old(since)).count();
        let expired = waiting.connections.drain(..old).map(|(connection, _)| connection).collect();
        let next = waiting.connections.first().map(|(_, since)| self.longest_idle - since.elapsed());
        waiting.is_watched = next.is_some();
        (expired, next)
    }
}

/// Ends with the pool, or when nothing waits in it.
async fn watch(pool: Weak<Shared>, longest_idle: Duration) {
    let mut pause = longest_idle;
    loop {
        tokio::time::sleep(pause).await;
        let Some(shared) = pool.upgrade() else { return };
        let (expired, next) = shared.expired();
        drop(shared);
        quit(expired.into_iter()).await;
        match next {
            Some(next) => pause = next,
            None => return,
        }
    }
}

/// Says QUIT to each (RFC 5321 §4.1.1.10); the answer does not matter.
async fn quit(connections: impl Iterator<Item = Connection>) {
    let deadline = Instant::now() + FAREWELL;
    for mut connection in connections {
        tokio::time::timeout_at(deadline, connection.client.quit()).await.ok();
    }
}
