//! The page's own HTTP server. It plays the part that a mail server's JMAP has for a client, in the demo's own words.

mod page;

use std::{convert::Infallible, sync::Arc, time::Duration};

use hyper::{Request, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use kit::drain::Drain;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

pub use page::Page;

/// Connections at once: one person's browsers, with room to spare.
const MOST_CONNECTIONS: usize = 64;

/// Nobody holds a connection for nothing.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);

/// The wait after accept fails (no file descriptors), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves the page until the drain begins.
pub async fn serve(listener: TcpListener, page: Arc<Page>, drain: Drain) {
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            () = drain.draining() => return,
            accepted = async { (room.clone().acquire_owned().await, listener.accept().await) } => accepted,
        };
        // The semaphore is never closed. A connection that failed on its way in is the browser's to repeat.
        let (Ok(permit), Ok((stream, _))) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (page, ending) = (page.clone(), drain.clone());
        drain.spawn(async move {
            connection(stream, page, ending).await;
            drop(permit);
        });
    }
}

async fn connection(stream: TcpStream, page: Arc<Page>, drain: Drain) {
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let answer = page.answer(request.method(), request.uri().path(), request.headers());
        async move { Ok::<_, Infallible>(answer) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    // How a browser ends its connection is no news.
    tokio::select! {
        () = drain.draining() => {}
        _ended = serving => {}
    }
}
