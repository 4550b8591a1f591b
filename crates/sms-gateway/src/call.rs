//! Calls over HTTP, each made once, and what is known where no answer comes. For providers, and for whoever else posts what
//! must not come twice.

use std::{error::Error, io, time::Duration};

use http::{HeaderMap, header::RETRY_AFTER};
use reqwest::{Client, ClientBuilder, redirect::Policy, retry};

/// A connection that the server closes while a request is on its way leaves it in doubt. Servers keep idle connections
/// for 5 s and more, so we let go of them before.
const IDLE: Duration = Duration::from_secs(4);

/// Who wants us to wait for longer, in seconds, is asked again all the same.
const LONGEST_WAIT: u64 = 3_600;

/// A client that does what it is told once: no redirects, no proxy of the environment, no second try. HTTP/1, so that a
/// broken connection leaves one request in doubt and not all that share it. Its timeouts are the caller's to set.
pub fn client() -> ClientBuilder {
    kit::tls::install();
    let client = Client::builder().redirect(Policy::none()).no_proxy().retry(retry::never()).http1_only();
    client.pool_idle_timeout(IDLE).user_agent(concat!("mailpush/", env!("CARGO_PKG_VERSION")))
}

/// What kept a request from leaving.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Obstacle<'a> {
    /// No name, no way, or nobody who listens.
    Network,
    /// Nobody there whom we trust, or nobody who speaks our TLS.
    Tls(&'a rustls::Error),
}

/// Nothing where the request may have left: without a connection, or without TLS on it, not an octet of it has.
pub fn obstacle(why: &reqwest::Error) -> Option<Obstacle<'_>> {
    let causes = || std::iter::successors(why.source(), |&cause| cause.source());
    why.is_connect().then(|| causes().find_map(tls_error).map_or(Obstacle::Network, Obstacle::Tls))
}

/// Errors of the system's hold others, one in the other, and name none of these as their source.
fn tls_error<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let inner = |error: &'a io::Error| error.get_ref().map(|inner| inner as &(dyn Error + 'static));
    let mut held = std::iter::successors(Some(cause), |&error| error.downcast_ref().and_then(inner));
    held.find_map(|error| error.downcast_ref())
}

/// How long an answer asks us to wait, an hour at most. A date is not read: clocks differ, and the usual waits do as well.
pub fn wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(LONGEST_WAIT)))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn wait_of(retry_after: &'static str) -> Option<Duration> {
        wait(&[(RETRY_AFTER, HeaderValue::from_static(retry_after))].into_iter().collect())
    }

    #[test]
    fn waits_are_bounded_and_dates_are_not_read() {
        assert_eq!(wait_of(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(wait_of("99999999"), Some(Duration::from_secs(LONGEST_WAIT)));
        for text in ["", "-1", "1.5", "Sun, 22 Nov 2026 14:00:00 GMT"] {
            assert_eq!(wait_of(text), None, "{text}");
        }
        assert_eq!(wait(&HeaderMap::new()), None);
    }
}
