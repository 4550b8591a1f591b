//! The loop of the port.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Request, Response, body::Incoming, header::CONTENT_TYPE, server::conn::http1, service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use mailbox_event::UnixMillis;
use store::{MuteScope, MutedBy, Store, StoreError};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinHandle, JoinSet},
};
use tracing::{debug, warn};

use super::{
    link::{Mutable, MuteLinks},
    page::{self, Wish},
};
use crate::Metrics;

/// A proxy and some people; the next one waits in the backlog.
const MOST_CONNECTIONS: usize = 64;
/// A request of a mail program is a few hundred octets; 8 KiB is the least that hyper takes.
const LARGEST_HEAD: usize = 8 << 10;
/// The longest form of ours, in the wordier of the two ways to write it.
const LARGEST_BODY: usize = 1 << 10;
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Nobody needs longer for a page and a form; the database's own time is within it.
const CONNECTION_LIFETIME: Duration = Duration::from_secs(60);
/// The wait after accept fails (no file descriptors), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A running port; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct MutePort {
    local_addr: SocketAddr,
    task: JoinHandle<()>,
}

/// What answers.
struct Service {
    links: MuteLinks,
    store: Store,
    metrics: Metrics,
}

impl MutePort {
    pub(crate) async fn listen(
        address: SocketAddr,
        links: MuteLinks,
        store: Store,
        metrics: Metrics,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let local_addr = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, Arc::new(Service { links, store, metrics })));
        Ok(Self { local_addr, task })
    }

    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }
}

impl Drop for MutePort {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Ends with its connections when it is dropped.
async fn accept(listener: TcpListener, service: Arc<Service>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = JoinSet::new();
    while let Ok(place) = places.clone().acquire_owned().await {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => drop(connections.spawn(connection(stream, place, service.clone()))),
            Err(why) => {
                warn!(error = %why, "Cannot accept on the port for mutes");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, _place: OwnedSemaphorePermit, service: Arc<Service>) {
    let service = service_fn(|request| {
        let service = service.clone();
        async move { Ok::<_, Infallible>(service.answer(request).await.map(|body| Full::new(Bytes::from(body)))) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    match tokio::time::timeout(CONNECTION_LIFETIME, served).await {
        Ok(Ok(())) => {}
        Ok(Err(why)) => debug!(error = %why, "Connection for a mute failed"),
        Err(_) => debug!("Connection for a mute was over its lifetime"),
    }
}

impl Service {
    async fn answer(&self, request: Request<Incoming>) -> Response<String> {
        // A proxy may leave the path before the token or take it away.
        let token = request.uri().path().rsplit('/').next().unwrap_or_default();
        let Some(mutable) = self.links.verify(token) else { return page::unknown() };
        match *request.method() {
            Method::GET | Method::HEAD => page::ask(),
            Method::POST => self.take(&mutable, request).await,
            _ => page::other_method(),
        }
    }

    async fn take(&self, mutable: &Mutable, request: Request<Incoming>) -> Response<String> {
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        let Ok(body) = Limited::new(request.into_body(), LARGEST_BODY).collect().await else {
            return page::unclear();
        };
        let Some(wish) = page::wish(&content_type, &body.to_bytes()) else { return page::unclear() };
        match self.fulfil(mutable, wish).await {
            Ok(()) => page::done(wish),
            Err(why) => {
                warn!(error = &why as &dyn std::error::Error, "Cannot write a mute");
                page::away()
            }
        }
    }

    async fn fulfil(&self, mutable: &Mutable, wish: Wish) -> Result<(), StoreError> {
        let (scope, by) = match wish {
            Wish::OneClick => (mutable.one_click(), MutedBy::OneClick),
            Wish::MuteEvent => (MuteScope::Event(mutable.event), MutedBy::Page),
            Wish::MuteAll => (MuteScope::AllAlarms, MutedBy::Page),
            Wish::Unmute => return self.unmute(mutable).await,
        };
        let now = UnixMillis(kit::clock::unix_millis());
        if self.store.mute(&mutable.recipient, scope, by, now).await? {
            self.metrics.mutes.inc();
        }
        Ok(())
    }

    async fn unmute(&self, mutable: &Mutable) -> Result<(), StoreError> {
        for scope in [MuteScope::Event(mutable.event), MuteScope::AllAlarms] {
            self.store.unmute(&mutable.recipient, scope).await?;
        }
        Ok(())
    }
}
