//! The listener and its connections.

mod closing;
mod connection;
mod delivery;
mod front;
mod head;
mod http2;
mod line;
mod wire;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use hyper::HeaderMap;
use kit::line_pace::LinePace;
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{unconstrained, yield_now},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::connection::Shared;
use crate::{
    client_address::{self, ClientAddress},
    places::Places,
    service::Service,
    settings::Limits,
    telemetry::Limit,
};

/// Accepting fails when descriptors run out, and goes on failing until some are free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A peer that is gone without a word is noticed within 90 s when nothing is on the way to it, in 45 s + 3 × 15 s. What
/// it does not acknowledge the kernel sends again until its own limit (tcp(7), `tcp_retries2`).
const PROBED_AFTER: Duration = Duration::from_secs(45);
const PROBED_EVERY: Duration = Duration::from_secs(15);
const PROBES: u32 = 3;

/// Nobody sends more than a head, and that is read as it comes. The kernel would let a window grow to megabytes.
const RECEIVE_BUFFER: u32 = 16 << 10;

/// Connections that the kernel holds until we accept them; it takes no more than `net.core.somaxconn`. After a restart
/// every client comes at once, and one that finds no room waits for a second before it knocks again.
const BACKLOG: u32 = 4096;

/// Connections that are accepted before others have their turn: a storm is taken from the kernel faster than it comes,
/// and a flood leaves room for those who are there.
const AT_ONCE: usize = 1024;

/// A listener with its connections.
pub struct Server {
    listener: TcpListener,
    shared: Arc<Shared>,
    room: Arc<Semaphore>,
    /// Of addresses that are no proxies of ours.
    places: Arc<Places<ClientAddress>>,
    connections: TaskTracker,
    failures_told: Mutex<LinePace>,
}

impl Server {
    /// Listens.
    pub async fn bind(address: SocketAddr, service: Arc<Service>, limits: Limits) -> io::Result<Self> {
        let listener = listen(address, &limits)?;
        let room = Arc::new(Semaphore::new(limits.connections));
        let places = Places::new(limits.connections_per_address);
        let shared = Arc::new(Shared { service, limits, cut: CancellationToken::new() });
        let failures_told = Mutex::new(LinePace::of_failures());
        Ok(Self { listener, shared, room, places, connections: TaskTracker::new(), failures_told })
    }

    /// Where.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the drain begins, then lets every stream say its last.
    pub async fn run(self) {
        let drain = self.shared.service.drain.clone();
        let accepting = async {
            loop {
                // The runtime would have it wait behind the first hundred, while the kernel turns the others away.
                unconstrained(self.accept_some()).await;
                yield_now().await;
            }
        };
        tokio::select! {
            () = accepting => {}
            () = drain.draining() => {}
        }
        self.finish().await;
    }

    async fn accept_some(&self) {
        for _ in 0..AT_ONCE {
            self.accept().await;
        }
    }

    async fn accept(&self) {
        // Never closed, so there is always a permit in the end; until then connections wait in the kernel.
        let Ok(room) = self.room.clone().acquire_owned().await else { return };
        match self.listener.accept().await {
            Ok((socket, peer)) => self.serve(socket, peer.ip(), room),
            Err(error) => {
                self.tell_failure(&error);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }

    fn tell_failure(&self, error: &io::Error) {
        let mut pace = self.failures_told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failures) = pace.line(Instant::now()) {
            tracing::warn!(%error, failures, "Connections cannot be accepted");
        }
    }

    fn serve(&self, socket: TcpStream, peer: IpAddr, room: OwnedSemaphorePermit) {
        let service = &self.shared.service;
        // Before anything is read: who connects and says nothing must not keep others out.
        let client = client_address::client(peer, &HeaderMap::new(), &service.proxies);
        let Ok(place) = client.map(|client| self.places.take(client)).transpose() else {
            return service.telemetry.over_limit(Limit::Connections);
        };
        let serving = connection::serve(socket, peer, self.shared.clone());
        self.connections.spawn(async move {
            serving.await;
            drop((room, place));
        });
    }

    async fn finish(self) {
        let Self { listener, shared, connections, .. } = self;
        let Shared { service, limits, cut } = &*shared;
        drop(listener);
        service.telemetry.drained();
        tracing::info!(connections = connections.len(), "Draining");
        service.hub.leave_all();
        connections.close();
        if tokio::time::timeout(limits.drain, connections.wait()).await.is_err() {
            tracing::warn!(connections = connections.len(), "Connections did not end and are cut");
            cut.cancel();
            connections.wait().await;
        }
    }
}

/// The options of the listener are those of each connection that it accepts.
fn listen(address: SocketAddr, limits: &Limits) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart finds connections of the former process on the port.
    socket.set_reuseaddr(true)?;
    socket.set_nodelay(true)?;
    let keepalive =
        TcpKeepalive::new().with_time(PROBED_AFTER).with_interval(PROBED_EVERY).with_retries(PROBES);
    SockRef::from(&socket).set_tcp_keepalive(&keepalive)?;
    // No TCP_USER_TIMEOUT: it also ends connections of readers that are there and do not read, and those cost a constant.
    SockRef::from(&socket).set_send_buffer_size(limits.send_buffer)?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpStream};

    use super::*;

    #[tokio::test]
    async fn a_storm_of_connections_finds_room_before_anybody_accepts() {
        let listener = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), &Limits::default()).unwrap();
        let address = listener.local_addr().unwrap();
        // Shorter than the second after which a connection without room knocks again.
        let knock = || TcpStream::connect_timeout(&address, Duration::from_millis(900));
        let storm: Result<Vec<_>, _> = (0..400).map(|_| knock()).collect();
        assert_eq!(storm.unwrap().len(), 400);
    }

    #[tokio::test]
    async fn connections_have_the_bounds_of_their_listener() {
        let limits = Limits::default();
        let listener = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), &limits).unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        assert!(socket.nodelay().unwrap());
        let socket = SockRef::from(&socket);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), PROBED_AFTER);
        // socket(7): the kernel doubles what is asked for, for its own needs.
        assert_eq!(socket.send_buffer_size().unwrap(), 2 * limits.send_buffer);
        assert_eq!(socket.recv_buffer_size().unwrap(), 2 * RECEIVE_BUFFER as usize);
    }
}
