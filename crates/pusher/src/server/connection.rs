//! One connection, HTTP/1.1 or HTTP/2 with prior knowledge.

use std::{convert::Infallible, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use http_body_util::Either;
use hyper::{
    Request, Response,
    body::{Body as _, Incoming},
    rt::Executor,
    service::service_fn,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::{
    in_use::{Busy, InUse},
    request::announces_body,
    response::Body,
    service::Service,
    settings::{Limits, SMALLEST_HEAD},
    stream::end,
};

/// HTTP/2 pings; streams of HTTP/1.1 have their heartbeats.
const HTTP2_PING: Duration = Duration::from_secs(30);
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Runs each stream of HTTP/2, none beyond its end.
#[derive(Debug, Clone, Copy)]
struct Streams;

impl<F: Future<Output: Send> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        tokio::spawn(end::serve(stream));
    }
}

/// Serves until the client goes, or all its streams are over and the drain has begun, or it is cut.
pub(super) async fn serve(
    socket: TcpStream,
    peer: IpAddr,
    service: Arc<Service>,
    limits: Limits,
    cut: CancellationToken,
) {
    service.telemetry.connection_opened();
    tokio::select! {
        // HTTP/1.1 has one stream at a time on a connection, so it is the connection that must not outlive it.
        () = end::serve(converse(socket, peer, service.clone(), &limits)) => {}
        () = cut.cancelled() => {}
    }
    service.telemetry.connection_closed();
}

async fn converse(socket: TcpStream, peer: IpAddr, service: Arc<Service>, limits: &Limits) {
    let in_use = InUse::none();
    let answering = service.clone();
    let answer = {
        let in_use = in_use.clone();
        service_fn(move |request: Request<Incoming>| answer(answering.clone(), request, peer, in_use.begin()))
    };
    let builder = builder(limits);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(socket), answer));
    let mut is_leaving = false;
    loop {
        tokio::select! {
            ended = &mut connection => {
                if let Err(error) = ended {
                    tracing::debug!(error, "Connection ended");
                }
                return;
            }
            // hyper times a head of HTTP/1.1, and from when it waits for it. Nothing times what comes before, the
            // octets that tell the version, nor a connection of HTTP/2 on which nothing is asked.
            () = in_use.idle_for(limits.head_timeout) => {
                if is_leaving {
                    return;
                }
            }
            () = service.drain.draining(), if !is_leaving => {}
        }
        is_leaving = true;
        connection.as_mut().graceful_shutdown();
    }
}

/// A stream keeps the connection in use; any other answer has the time that a head has to be read.
async fn answer(
    service: Arc<Service>,
    request: Request<Incoming>,
    peer: IpAddr,
    busy: Busy,
) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let has_body = !body.is_end_stream() || announces_body(&head.headers);
    let mut response = service.answer(&head, has_body, peer).await;
    if let Either::Right(stream) = response.body_mut() {
        stream.hold(busy);
    }
    Ok(response)
}

fn builder(limits: &Limits) -> Builder<Streams> {
    let mut builder = Builder::new(Streams);
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
