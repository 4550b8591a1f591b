//! One connection, HTTP/1.1 or HTTP/2 with prior knowledge.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{net::TcpStream, sync::Notify};
use tokio_util::sync::CancellationToken;

use crate::{
    service::Service,
    settings::{Limits, SMALLEST_HEAD},
};

/// HTTP/2 pings; streams of HTTP/1.1 have their heartbeats.
const HTTP2_PING: Duration = Duration::from_secs(30);
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Serves until the client goes, or all its streams are over and the drain has begun, or it is cut.
pub(super) async fn serve(socket: TcpStream, service: Arc<Service>, limits: Limits, cut: CancellationToken) {
    service.telemetry.connection_opened();
    tokio::select! {
        () = converse(socket, service.clone(), &limits) => {}
        () = cut.cancelled() => {}
    }
    service.telemetry.connection_closed();
}

async fn converse(socket: TcpStream, service: Arc<Service>, limits: &Limits) {
    let asked = Arc::new(Notify::new());
    let answering = service.clone();
    let answer = {
        let asked = asked.clone();
        service_fn(move |request: Request<Incoming>| {
            asked.notify_one();
            let service = answering.clone();
            async move { Ok::<_, Infallible>(service.answer(request).await) }
        })
    };
    let builder = builder(limits);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(socket), answer));
    // hyper counts the time of a head from its first octet of HTTP/1.1; before that it would wait for ever.
    let mut is_first = true;
    let mut is_leaving = false;
    loop {
        tokio::select! {
            ended = &mut connection => {
                if let Err(error) = ended {
                    tracing::debug!(error, "Connection ended");
                }
                return;
            }
            () = asked.notified(), if is_first => is_first = false,
            () = tokio::time::sleep(limits.head_timeout), if is_first => return,
            () = service.drain.draining(), if !is_leaving => {
                is_leaving = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_headers(limits.headers)
        // Bounds what is buffered to write as well: a stream is not asked for more than this ahead of its reader.
        .max_buf_size(limits.head.max(SMALLEST_HEAD));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.http2_streams)
        .max_header_list_size(u32::try_from(limits.head).unwrap_or(u32::MAX))
        .max_send_buf_size(limits.head)
        .keep_alive_interval(HTTP2_PING)
        .keep_alive_timeout(HTTP2_PING_TIMEOUT);
    builder
}
