//! A connection of HTTP/2 with prior knowledge, served by hyper.

use std::{convert::Infallible, io::Cursor, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use http_body_util::Either;
use hyper::{
    Request, Response,
    body::{Body as _, Incoming},
    rt::Executor,
    server::conn::http2::Builder,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{io::AsyncReadExt, net::TcpStream};

use super::{
    connection::Shared,
    head::{LONGEST_LINE, Wrong},
};
use crate::{
    in_use::{Busy, InUse},
    request::announces_body,
    response::{self, Body},
    service::Service,
    settings::Limits,
    stream::end,
};

/// Beside the streams' heartbeats: there may be no stream.
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

/// Serves until the client goes, or all its streams are over and the drain has begun. `octets` have been read already.
pub(super) async fn serve(socket: TcpStream, octets: Vec<u8>, peer: IpAddr, shared: &Shared) {
    let (reader, writer) = socket.into_split();
    let socket = TokioIo::new(tokio::io::join(Cursor::new(octets).chain(reader), writer));
    let (service, limits) = (&shared.service, &shared.limits);
    let in_use = InUse::none();
    let answering = service.clone();
    let answer = {
        let in_use = in_use.clone();
        let most_fields = limits.headers;
        service_fn(move |request: Request<Incoming>| {
            let busy = in_use.begin();
            let answering = answering.clone();
            async move {
                match too_large(&request, most_fields) {
                    Some(wrong) => Ok(response::sentence(wrong.status(), &wrong.to_string())),
                    None => answer(answering, request, peer, busy).await,
                }
            }
        })
    };
    let mut connection = pin!(builder(limits).serve_connection(socket, answer));
    let mut is_leaving = false;
    loop {
        tokio::select! {
            ended = &mut connection => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "Connection ended");
                }
                return;
            }
            // hyper does not time a connection on which nothing is asked.
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

/// The bounds of a head are those of HTTP/1.1, beside hyper's own on the octets of all fields together.
fn too_large<B>(request: &Request<B>, most_fields: usize) -> Option<Wrong> {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if target > LONGEST_LINE {
        return Some(Wrong::Target);
    }
    (request.headers().len() > most_fields).then_some(Wrong::Large)
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
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.http2_streams)
        .max_header_list_size(u32::try_from(limits.head).unwrap_or(u32::MAX))
        .max_send_buf_size(limits.head)
        .keep_alive_interval(HTTP2_PING)
        .keep_alive_timeout(HTTP2_PING_TIMEOUT);
    builder
}
