//! Serving a small HTTP port: few connections at a time, small heads, and nobody for long.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use tracing::{debug, warn};

use crate::line_pace::LinePace;

/// A proxy or a scraper, and a few people; the next one waits in the backlog.
const MOST_CONNECTIONS: usize = 64;
/// A request is a few hundred octets; 8 KiB is the least that hyper takes.
const LARGEST_HEAD: usize = 8 << 10;
/// Also ends connections that idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The wait after accept fails (no file descriptors), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Has `answer` answer what comes to `listener`, one request at a time on each connection. Never returns; dropped, it
/// ends with its connections. `port` names it in the log. No connection lives longer than `lifetime`, whatever it does:
/// a reader that does not read would hold its place for ever.
pub async fn serve<F, A>(listener: TcpListener, port: &'static str, lifetime: Duration, answer: F)
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = Response<String>> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut failures_told = LinePace::of_failures();
    while let Ok(place) = places.clone().acquire_owned().await {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(connection(stream, place, port, lifetime, answer.clone()));
            }
            Err(why) => {
                if let Some(failures) = failures_told.line(Instant::now()) {
                    warn!(port, failures, error = %why, "Cannot accept on a port");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection<F, A>(
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
    port: &'static str,
    lifetime: Duration,
    answer: F,
) where
    F: Fn(Request<Incoming>) -> A,
    A: Future<Output = Response<String>>,
{
    let service = service_fn(move |request| {
        let answer = answer(request);
        async { Ok::<_, Infallible>(answer.await.map(|body| Full::new(Bytes::from(body)))) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    match tokio::time::timeout(lifetime, served).await {
        Ok(Ok(())) => {}
        Ok(Err(why)) => debug!(port, error = %why, "Connection failed"),
        Err(_) => debug!(port, "Connection was over its lifetime"),
    }
}
