//! Moves pages from the write-ahead log to the database beside the writer: that ends in two syncs of files, and whoever
//! writes meanwhile would wait for them.

use std::{
    io,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use rusqlite::Connection;

/// Calls to the writer after which it is worth it. Some hundred pages.
const WORTH_IT: usize = 512;

/// The thread that does it, which ends when this is dropped.
pub(crate) struct Checkpoints {
    calls: usize,
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Starts the thread, if there is a log.
    pub(crate) fn start(connection: Option<Connection>) -> io::Result<Self> {
        let Some(connection) = connection else { return Ok(Self { calls: 0, wake: None, thread: None }) };
        // One wake waits at most: it stands for all that was written until it is taken.
        let (wake, woken) = sync_channel(1);
        let thread = thread::Builder::new().name("bus-checkpoints".to_owned());
        let thread = thread.spawn(move || serve(&connection, &woken))?;
        Ok(Self { calls: 0, wake: Some(wake), thread: Some(thread) })
    }

    /// Counts what was written.
    pub(crate) fn note(&mut self, calls: usize) {
        self.calls += calls;
        if self.calls < WORTH_IT {
            return;
        }
        if let Some(wake) = &self.wake {
            // Full: it is busy, and looks again when it is done.
            wake.try_send(()).ok();
        }
        self.calls = 0;
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            // Fails when it panicked, and then it has ended as well.
            thread.join().ok();
        }
    }
}

fn serve(connection: &Connection, woken: &Receiver<()>) {
    while woken.recv().is_ok() {
        // Passive: it moves what it can, and waits for nobody.
        let done = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = done {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "Log of the bus cannot be moved to its database"
            );
        }
    }
}
