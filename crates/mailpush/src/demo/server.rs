//! The page's own HTTP server. It plays the part that a mail server's JMAP has for a client, in the demo's own words.

mod page;

use std::{sync::Arc, time::Duration};

use hyper::{Request, body::Incoming};
use kit::drain::Drain;
use tokio::net::TcpListener;

pub use page::Page;

/// What the log calls the port.
const NAME: &str = "demo";

/// A browser that was left open connects again.
const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Serves the page until the drain begins.
pub async fn serve(listener: TcpListener, page: Arc<Page>, drain: Drain) {
    let answer = move |request: Request<Incoming>| {
        let answer = page.answer(request.method(), request.uri().path(), request.headers());
        async move { answer }
    };
    drain.token().run_until_cancelled(kit::port::serve(listener, NAME, LIFETIME, answer)).await;
}
