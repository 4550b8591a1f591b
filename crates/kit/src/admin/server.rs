//! The loop of the admin port.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::registry::Registry;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::{
    answer::{answer, text},
    order::{self, Act},
};
use crate::readiness::Readiness;

/// What answers.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) readiness: Readiness,
    pub(super) registry: Arc<Registry>,
    pub(super) act: Act,
}

/// A scraper, a load balancer and a few people; the next one waits in the backlog.
const MOST_CONNECTIONS: usize = 64;
/// A request of ours is a few hundred octets; 8 KiB is the least that hyper takes.
const LARGEST_HEAD: usize = 8 << 10;
/// Operators' tools are near; this also ends connections that idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// No connection lives longer, whatever it does: a reader that does not read would hold its place for ever.
const CONNECTION_LIFETIME: Duration = Duration::from_secs(300);
/// The wait after accept fails (no file descriptors), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

pub(super) async fn run(listener: std::net::TcpListener, service: Service, stop: CancellationToken) {
    match TcpListener::from_std(listener) {
        // Leaving this function drops the runtime, which ends the connections.
        Ok(listener) => {
            stop.run_until_cancelled(accept(listener, service)).await;
        }
        Err(why) => error!(error = %why, "Cannot run the admin port"),
    }
}

async fn accept(listener: TcpListener, service: Service) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream, place, service.clone()))),
            Err(why) => {
                warn!(error = %why, "Cannot accept on the admin port");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, _place: OwnedSemaphorePermit, service: Service) {
    let service = service_fn(|request| {
        let service = service.clone();
        async move { Ok::<_, Infallible>(service.answer(request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    match tokio::time::timeout(CONNECTION_LIFETIME, served).await {
        Ok(Ok(())) => {}
        Ok(Err(why)) => debug!(error = %why, "Admin connection failed"),
        Err(_) => debug!("Admin connection was over its lifetime"),
    }
}

impl Service {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let response = if order::is_order(&request) {
            let (status, line) = order::take(request, &self.act).await;
            text(status, format!("{line}\n"))
        } else {
            answer(request.method(), request.uri().path(), &self.readiness, &self.registry)
        };
        response.map(|body| Full::new(Bytes::from(body)))
    }
}
