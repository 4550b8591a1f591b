//! One connection: the head of a request, then its answer or its stream, or HTTP/2.
//!
//! Until something is asked, and while a stream is open, a connection is the task and what the stream holds. All that
//! is needed between is on the heap and gone when the stream begins.

use std::{
    future::{pending, poll_fn},
    net::IpAddr,
    sync::Arc,
    task::Poll,
    time::SystemTime,
};

use http_body_util::{BodyExt, Collected, Either};
use hyper::{Method, Response, http::request::Parts};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{
    closing,
    delivery::Delivery,
    front::{self, Beginning, NoHead},
    http2,
    line::Line,
    wire,
};
use crate::{
    request::announces_body,
    response::{self, Body},
    service::Service,
    settings::Limits,
};

/// What all connections share.
pub(super) struct Shared {
    pub service: Arc<Service>,
    pub limits: Limits,
    /// Cancelled when those that have not ended by themselves are cut.
    pub cut: CancellationToken,
}

/// Serves until the client goes, or what it asked for is over, or it is cut.
pub(super) async fn serve(socket: TcpStream, peer: IpAddr, shared: Arc<Shared>) {
    shared.service.telemetry.connection_opened();
    tokio::select! {
        biased;
        () = converse(socket, peer, &shared) => {}
        () = shared.cut.cancelled() => {}
    }
    shared.service.telemetry.connection_closed();
}

async fn converse(socket: TcpStream, peer: IpAddr, shared: &Shared) {
    let deadline = Instant::now() + shared.limits.head_timeout;
    if !is_asked(&socket, deadline, shared).await {
        return;
    }
    if let Some(line) = Box::pin(begin(socket, peer, deadline, shared)).await {
        line.deliver().await;
    }
}

/// Whether the client says anything before its time is over. Nobody answers one that does not.
async fn is_asked(socket: &TcpStream, deadline: Instant, shared: &Shared) -> bool {
    tokio::select! {
        says = timeout_at(deadline, says_more(socket)) => says == Ok(true),
        () = shared.service.drain.draining() => false,
    }
}

/// Reads the head and answers; a stream is left to be delivered.
async fn begin(mut socket: TcpStream, peer: IpAddr, deadline: Instant, shared: &Shared) -> Option<Arc<Line>> {
    match front::read(&mut socket, deadline, &shared.limits).await {
        Ok(Beginning::Http1 { head, stray }) => {
            let response = ask(&socket, &head, peer, shared).await?;
            answer(socket, &head.method, response, stray).await
        }
        Ok(Beginning::Http2(octets)) => {
            // Apart: requests of HTTP/1.1 that wait for an answer have no use for its room.
            Box::pin(http2::serve(socket, octets, peer, shared)).await;
            None
        }
        Err(NoHead::Wrong(wrong)) => {
            tracing::debug!(error = %wrong, "Request is refused");
            let refusal = response::sentence(wrong.status(), &wrong.to_string());
            answer(socket, &Method::GET, refusal, 0).await
        }
        Err(NoHead::Gone(error)) => {
            tracing::debug!(%error, "Connection ended");
            None
        }
    }
}

/// Has the service answer; `None` when the client does not wait for it.
async fn ask(socket: &TcpStream, head: &Parts, peer: IpAddr, shared: &Shared) -> Option<Response<Body>> {
    tokio::select! {
        biased;
        response = shared.service.answer(head, announces_body(&head.headers), peer) => Some(response),
        () = gone(socket) => None,
    }
}

/// Writes an answer. Of a stream that is the head, with what can be said at once.
async fn answer(
    socket: TcpStream,
    method: &Method,
    response: Response<Body>,
    stray: usize,
) -> Option<Arc<Line>> {
    let now = SystemTime::now();
    let (parts, body) = response.into_parts();
    match body {
        Either::Right(events) => {
            let mut delivery = Delivery::new(socket, wire::stream_head(&parts, now), events, stray);
            poll_fn(|context| Poll::Ready(delivery.gather(context))).await;
            Some(Line::open(delivery))
        }
        Either::Left(whole) => {
            // It is there already, and cannot fail.
            let octets = whole.collect().await.map_or_else(|never| match never {}, Collected::to_bytes);
            closing::say_last(socket, &wire::whole(&parts, method, &octets, now)).await;
            None
        }
    }
}

/// Waits for the end of the connection. Who says more than was asked for is heard later.
async fn gone(socket: &TcpStream) {
    if says_more(socket).await {
        pending().await
    }
}

/// Waits until there are octets to read, or none will come. Readiness alone may be told too early.
async fn says_more(socket: &TcpStream) -> bool {
    matches!(socket.peek(&mut [0]).await, Ok(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_future<F: Future>(_: fn(TcpStream, IpAddr, Arc<Shared>) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_request_that_waits_for_its_answer_is_small() {
        fn of<'a, F: Future>(_: fn(TcpStream, IpAddr, Instant, &'a Shared) -> F) -> usize {
            size_of::<F>()
        }
        let size = of(begin);
        assert!(size <= 2304, "{size} octets");
    }

    #[test]
    fn an_open_connection_is_a_small_task() {
        let size = size_of_future(serve);
        assert!(size <= 1024, "{size} octets");
    }
}
