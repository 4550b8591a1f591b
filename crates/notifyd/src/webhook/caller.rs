//! One signed POST, and what is known after it.

use std::{error::Error, time::Duration};

use reqwest::{Client, Response, header::CONTENT_TYPE};
use sms_gateway::{
    call,
    signature::{self, SigningKey},
};
use url::Url;

use super::{
    resolver::{NoPublicAddress, Resolver},
    verdict::{Verdict, verdict},
};
use crate::{
    WebhookError, WebhookSettings,
    consequence::Distrust,
    smtp::{distrust, trusting},
};

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
    /// TLS alone, to no host but those that `settings` allow, by the certificates that they trust.
    pub(crate) fn new(settings: &WebhookSettings) -> Result<Self, WebhookError> {
        let resolver = Resolver { has_private: settings.allow_private };
        let tls = trusting(settings.ca.as_deref())?;
        let client = call::client()
            .https_only(true)
            .tls_backend_preconfigured(tls)
            .dns_resolver(resolver)
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
    let wait = call::wait(response.headers());
    match verdict(status) {
        Verdict::Taken => Ok(()),
        Verdict::Refused => Err(Unposted::Refused(status)),
        Verdict::Later => Err(Unposted::Later { status, wait }),
        Verdict::Trouble => Err(Unposted::Trouble { status, wait }),
    }
}

fn unanswered(why: &reqwest::Error) -> Unposted {
    let mut causes = std::iter::successors(why.source(), |&cause| cause.source());
    if causes.any(|cause| cause.is::<NoPublicAddress>()) {
        return Unposted::Private;
    }
    match call::obstacle(why) {
        None => Unposted::Silence,
        Some(call::Obstacle::Network) => Unposted::Unreachable(Obstacle::Network),
        Some(call::Obstacle::Tls(rustls::Error::InvalidCertificate(why))) => {
            Unposted::Unreachable(Obstacle::Certificate(distrust(why)))
        }
        Some(call::Obstacle::Tls(_)) => Unposted::Unreachable(Obstacle::Tls),
    }
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
