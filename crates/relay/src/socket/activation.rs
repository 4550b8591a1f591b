//! Sockets that a service manager holds for us over restarts (systemd's `LISTEN_FDS`).

use std::os::unix::net::{UnixDatagram, UnixListener};

use listenfd::ListenFd;

/// Sockets that were passed. Cyrus waits in their queues while no relay runs.
#[derive(Debug, Default)]
pub struct Activated {
    pub(crate) streams: Vec<UnixListener>,
    pub(crate) datagrams: Vec<UnixDatagram>,
}

impl Activated {
    /// Nothing was passed.
    pub fn none() -> Self {
        Self::default()
    }

    /// What the environment of this process names. The environment is cleared, so this finds them once.
    pub fn from_env() -> Self {
        Self::take_from(&mut ListenFd::from_env())
    }

    /// Takes the Unix sockets, each by its kind, and leaves the others to whom they belong.
    pub fn take_from(passed: &mut ListenFd) -> Self {
        let mut activated = Self::default();
        for index in 0..passed.len() {
            // A socket of another kind is an error here, and stays where it is.
            if let Ok(Some(listener)) = passed.take_unix_listener(index) {
                activated.streams.push(listener);
            } else if let Ok(Some(socket)) = passed.take_unix_datagram(index) {
                activated.datagrams.push(socket);
            }
        }
        activated
    }
}
