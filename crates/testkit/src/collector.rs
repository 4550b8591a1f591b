//! A plain listener on Cyrus' notify socket, for tests of Cyrus itself.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

/// The longest notification that is read.
const LONGEST: usize = 1 << 20;
/// How many notifications are kept: more than any test makes.
const KEPT: usize = 10_000;

/// Takes `dlist:` notifications, answers `OK ()`, and keeps them.
#[derive(Debug)]
pub struct Collector {
    taken: Arc<Mutex<Vec<Vec<u8>>>>,
    task: JoinHandle<()>,
}

impl Collector {
    /// Listens at `path`, which every user may then write to.
    #[must_use]
    pub fn listen(path: &Path) -> Self {
        let listener = UnixListener::bind(path).expect("nothing else is at this path");
        fs::set_permissions(path, Permissions::from_mode(0o666)).expect("the socket is ours");
        let taken = Arc::new(Mutex::new(Vec::new()));
        let task = tokio::spawn(serve(listener, Arc::clone(&taken)));
        Self { taken, task }
    }

    /// The events (class EVENT) taken so far, as JSON, in the order they came.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.iter().filter_map(|bytes| event(bytes)).collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: UnixListener, taken: Arc<Mutex<Vec<Vec<u8>>>>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let bytes = read(&mut stream).await;
        keep(&taken, bytes);
        // Cyrus may have died meanwhile: the test will see that elsewhere.
        stream.write_all(b"OK ()\r\n").await.ok();
    }
}

fn keep(taken: &Mutex<Vec<Vec<u8>>>, bytes: Vec<u8>) {
    let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(taken.len() < KEPT, "more than {KEPT} notifications");
    taken.push(bytes);
}

async fn read(stream: &mut UnixStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b")\r\n") && bytes.len() < LONGEST {
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    bytes
}

/// The JSON of an EVENT. Cyrus always sends it as a literal, for it holds quotes.
fn event(bytes: &[u8]) -> Option<Value> {
    let start = bytes.windows(11).position(|window| window == b"CLASS EVENT")?;
    let open = start + bytes[start..].windows(9).position(|window| window == b"MESSAGE {")? + 9;
    let close = open + bytes[open..].iter().position(|byte| *byte == b'+')?;
    let length: usize = std::str::from_utf8(&bytes[open..close]).ok()?.parse().ok()?;
    let text = bytes.get(close + 4..close + 4 + length)?;
    serde_json::from_slice(text).ok()
}
