//! Somebody who sits between two programs, passes everything on and keeps a copy.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// What is kept of each direction of one connection: far more than a test sends.
const KEPT: usize = 1 << 20;

/// Passes connections to another port on. It ends when this is dropped.
#[derive(Debug)]
pub struct Tap {
    port: u16,
    passed: Arc<Mutex<Vec<Passed>>>,
    accepting: AbortHandle,
}

/// What went through one connection.
#[derive(Debug, Clone, Default)]
pub struct Passed {
    /// From who opened it.
    pub asked: Vec<u8>,
    /// The other way.
    pub answered: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
enum Way {
    Asked,
    Answered,
}

impl Tap {
    /// Listens on a port of its own; what comes goes to `target` on 127.0.0.1.
    pub async fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("it listens").port();
        let passed = Arc::<Mutex<Vec<Passed>>>::default();
        let accepting = tokio::spawn(accept(listener, target, Arc::clone(&passed))).abort_handle();
        Self { port, passed, accepting }
    }

    /// Where it listens on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What went through so far, one entry for each connection; empty for one that the target refused.
    #[must_use]
    pub fn passed(&self) -> Vec<Passed> {
        self.kept().clone()
    }

    /// How many connections there were, those that the target refused included.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.kept().len()
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Passed>> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, target: u16, passed: Arc<Mutex<Vec<Passed>>>) {
    let mut connections = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        let slot = {
            let mut all = passed.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(Passed::default());
            all.len() - 1
        };
        connections.spawn(pass(near, target, Arc::clone(&passed), slot));
    }
}

/// When one side has ended, both are closed.
async fn pass(near: TcpStream, target: u16, passed: Arc<Mutex<Vec<Passed>>>, slot: usize) {
    let Ok(far) = TcpStream::connect(("127.0.0.1", target)).await else { return };
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    tokio::select! {
        () = copy(near_in, far_out, &passed, slot, Way::Asked) => {}
        () = copy(far_in, near_out, &passed, slot, Way::Answered) => {}
    }
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    passed: &Mutex<Vec<Passed>>,
    slot: usize,
    way: Way,
) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        {
            let mut all = passed.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = match way {
                Way::Asked => &mut all[slot].asked,
                Way::Answered => &mut all[slot].answered,
            };
            let room = KEPT.saturating_sub(kept.len());
            kept.extend_from_slice(&buffer[..length.min(room)]);
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
