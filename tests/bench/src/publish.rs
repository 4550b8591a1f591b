//! How events get into a peer.

mod pace;
mod posts;

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    os::unix::net::UnixStream,
    path::Path,
};

use crate::event::Event;

pub use pace::{Paced, pace};
use posts::Posts;

/// A way for events into a peer.
pub enum Publisher {
    /// Octets on a Unix socket.
    Inlet(UnixStream),
    /// HTTP requests on connections that are kept.
    Posts(Posts),
}

impl Publisher {
    /// For ours and for the bare loop.
    pub fn inlet(path: &Path) -> crate::Outcome<Self> {
        Ok(Self::Inlet(UnixStream::connect(path)?))
    }

    /// For nchan.
    pub fn posts(address: SocketAddr) -> crate::Outcome<Self> {
        Ok(Self::Posts(Posts::connect(address)?))
    }

    /// Sends events. Blocks while the peer takes none.
    pub fn send(&mut self, events: &[Event]) -> io::Result<()> {
        match self {
            Self::Inlet(socket) => {
                socket.write_all(&events.iter().flat_map(|event| event.octets()).collect::<Vec<_>>())
            }
            Self::Posts(posts) => posts.send(events),
        }
    }

    /// Waits until the peer has done all that was sent.
    pub fn settle(&mut self) -> io::Result<()> {
        match self {
            Self::Inlet(socket) => {
                socket.write_all(&Event::BARRIER.octets())?;
                socket.read_exact(&mut [0])
            }
            Self::Posts(posts) => posts.settle(),
        }
    }
}
