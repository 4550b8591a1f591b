//! One signed POST, and what is known after it.

use std::{error::Error, io, time::Duration};

use reqwest::{
    Client, Response,
    header::{CONTENT_TYPE, RETRY_AFTER},
    redirect::Policy,
    retry,
};
use sms_gateway::signature::{self, SigningKey};
use url::Url;

use super::{
    resolver::{NoPublicAddress, Resolver},
    verdict::{Verdict, verdict, wait},
};
use crate::{
    WebhookError, WebhookSettings,
    consequence::Distrust,
    smtp::{distrust, trusting},
};

/// A host that closes a connection while a request is on its way leaves it in doubt; hosts keep idle ones for 5 s and
/// more, so we let go of them before.
const IDLE: Duration = Duration::from_secs(4);

/// Posts, once for each call.
#[derive(Debug)]
pub(crate) struct Caller {
    client: Client,
    key: SigningKey,
}

/// What is posted where.
#[derive(Clone, Copy)]
pub(crate) struct Parcel<'a> {
    pub(crate) url: &'a Url,
    /// Names the event; the same at every attempt.
    pub(crate) id: &'a str,
    pub(crate) body: &'a [u8],
}

/// Why a POST was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unposted {
    /// For good.
    #[error("host answered {0}")]
    Refused(u16),
    /// For good: a script must not reach what only we reach.
    #[error("host has no public address")]
    Private,
    /// Not now.
    #[error("host answered {status} and wants to be asked later")]
    Later { status: u16, wait: Option<Duration> },
    /// Nobody knows whether it was taken.
    #[error("host answered {status}")]
    Trouble { status: u16, wait: Option<Duration> },
    /// Nothing has left.
    #[error(transparent)]
    Unreachable(#[from] Obstacle),
    /// It may have left.
    #[error("host gave no answer")]
    Silence,
}

/// What kept a request from leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Obstacle {
    /// No name, no way, or nobody who listens.
    #[error("host cannot be reached")]
    Network,
    /// Lasts until somebody mends it there, or has us trust another authority.
    #[error("host has a certificate that does not count: {0:?}")]
    Certificate(Distrust),
    /// It speaks something else, or another TLS than we do.
    #[error("host cannot be spoken to in TLS")]
    Tls,
}

impl Caller {
    /// No redirects, no proxy of the environment, no second try, TLS alone; HTTP/1, so that a broken connection leaves
    /// one POST in doubt.
    pub(crate) fn new(settings: &WebhookSettings) -> Result<Self, WebhookError> {
        let resolver = Resolver { has_private: settings.allow_private };
        let tls = trusting(settings.ca.as_deref())?;
        let client = Client::builder()
            .https_only(true)
            .redirect(Policy::none())
            .no_proxy()
            .retry(retry::never())
            .http1_only()
            .tls_backend_preconfigured(tls)
            .dns_resolver(resolver)
            .pool_idle_timeout(IDLE)
            .user_agent(concat!("mailpush/", env!("CARGO_PKG_VERSION")))
            .timeout(settings.timeout)
            .build()?;
        Ok(Self { client, key: SigningKey::new(&settings.secret)? })
    }

    /// `now` is in seconds since 1970. Nothing of the answer is read but its head.
    pub(crate) async fn post(&self, parcel: Parcel<'_>, now: u64) -> Result<(), Unposted> {
        let signature = signature::sign(&self.key, parcel.id, now, parcel.body);
        let request = self
            .client
            .post(parcel.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", parcel.id)
            .header(signature::ID, parcel.id)
            .header(signature::TIMESTAMP, now)
            .header(signature::SIGNATURE, signature)
            .body(parcel.body.to_vec());
        match request.send().await {
            Ok(response) => judge(&response),
            Err(why) => Err(unanswered(&why)),
        }
    }
}

fn judge(response: &Response) -> Result<(), Unposted> {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let wait = retry_after.and_then(wait);
    match verdict(status) {
        Verdict::Taken => Ok(()),
        Verdict::Refused => Err(Unposted::Refused(status)),
        Verdict::Later => Err(Unposted::Later { status, wait }),
        Verdict::Trouble => Err(Unposted::Trouble { status, wait }),
    }
}

/// Without a connection, or without TLS on it, not an octet of the request has left.
fn unanswered(why: &reqwest::Error) -> Unposted {
    let mut causes = std::iter::successors(why.source(), |&cause| cause.source());
    if causes.any(|cause| cause.is::<NoPublicAddress>()) {
        Unposted::Private
    } else if why.is_connect() {
        Unposted::Unreachable(obstacle(why))
    } else {
        Unposted::Silence
    }
}

fn obstacle(why: &reqwest::Error) -> Obstacle {
    let mut causes = std::iter::successors(why.source(), |&cause| cause.source());
    match causes.find_map(tls_error) {
        Some(rustls::Error::InvalidCertificate(why)) => Obstacle::Certificate(distrust(why)),
        Some(_) => Obstacle::Tls,
        None => Obstacle::Network,
    }
}

/// Errors of the system's hold others, one in the other, and name none of these as their source.
fn tls_error<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let inner = |error: &'a io::Error| error.get_ref().map(|inner| inner as &(dyn Error + 'static));
    let mut held = std::iter::successors(Some(cause), |&error| error.downcast_ref().and_then(inner));
    held.find_map(|error| error.downcast_ref())
}

#[cfg(test)]
mod tests {
    use kit::config::Secret;
    use testkit::webhook::Taker;
    use tokio::{io::AsyncWriteExt as _, net::TcpListener};

    use super::*;

    /// Trusts the authority of `trusted`.
    async fn unposted(trusted: &Taker, port: u16) -> Unposted {
        let settings = WebhookSettings {
            secret: Secret::new(Taker::SECRET),
            allow_private: true,
            ca: Some(trusted.chain()),
            timeout: Duration::from_secs(20),
            ..WebhookSettings::default()
        };
        let url: Url = format!("https://localhost:{port}/").parse().unwrap();
        let parcel = Parcel { url: &url, id: "a", body: b"{}" };
        Caller::new(&settings).unwrap().post(parcel, 1_795_000_000).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_host_that_is_not_trusted_is_told_from_one_that_is_away() {
        let (trusted, other) = (Taker::start().await, Taker::start().await);
        let found = unposted(&trusted, other.port()).await;
        assert_eq!(found, Unposted::Unreachable(Obstacle::Certificate(Distrust::UnknownIssuer)));
        assert_eq!(found.to_string(), "host has a certificate that does not count: UnknownIssuer");

        let listener = TcpListener::bind(("localhost", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let plain = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
            stream
        };
        let (found, _stream) = tokio::join!(unposted(&trusted, port), plain);
        assert_eq!(found, Unposted::Unreachable(Obstacle::Tls));

        drop(listener);
        assert_eq!(unposted(&trusted, port).await, Unposted::Unreachable(Obstacle::Network));
    }
}
