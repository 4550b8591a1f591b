//! Keys that an issuer publishes and changes (RFC 7517), by URL.

mod key_set;

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jsonwebtoken::DecodingKey;
use kit::drain::Drain;
use reqwest::{Client, StatusCode, Url, redirect::Policy};
use tokio::time::Instant;

use crate::settings::{JwksSettings, JwtAlgorithm};

use key_set::KeySet;

/// A set with 64 keys and their certificates is smaller.
const LONGEST_DOCUMENT: usize = 256 << 10;

/// The published keys of one issuer.
pub struct Jwks {
    url: Url,
    client: Client,
    algorithm: JwtAlgorithm,
    settings: JwksSettings,
    known: Mutex<Known>,
    /// One fetch at a time; the others wait for it.
    fetching: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Known {
    keys: Arc<KeySet>,
    /// When the issuer was last asked with success: before it answered.
    fetched_at: Option<Instant>,
    /// When the last attempt was over.
    tried_at: Option<Instant>,
    is_away: bool,
}

/// What is known of a key.
pub enum Lookup {
    /// This is it.
    Found(Arc<DecodingKey>),
    /// The issuer has no such key.
    Absent,
    /// The issuer may have it and cannot be asked at the moment.
    Unknown,
}

/// Why the settings give no keys.
#[derive(Debug, thiserror::Error)]
pub enum InvalidJwks {
    /// Who can change what is fetched can sign tokens.
    #[error("jwks_url is neither https nor http to this machine")]
    Url,
    /// A shared key is not to be published.
    #[error("jwks_url is not for HS256")]
    Shared,
    /// Two places for keys.
    #[error("jwks_url stands beside key or public_key")]
    Both,
    /// Not to be asked without a pause or without time to answer, and not forgotten before it is asked again.
    #[error(
        "jwks pause and timeout must be longer than nothing, refresh at least as long as pause, keep at least as long as \
         refresh"
    )]
    Times,
    /// No TLS, most likely.
    #[error("no HTTP client")]
    Client(#[from] reqwest::Error),
}

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("issuer does not answer")]
    Away(#[from] reqwest::Error),
    #[error("issuer answers with status {0}")]
    Status(StatusCode),
    #[error("answer is longer than 256 KiB")]
    Long,
    #[error("answer is no JWK Set")]
    Malformed(#[from] serde_json::Error),
}

impl Jwks {
    /// Everything in the settings that [`Self::new`] would refuse.
    pub fn problems(
        url: &str,
        settings: &JwksSettings,
        algorithm: JwtAlgorithm,
    ) -> impl Iterator<Item = InvalidJwks> {
        let JwksSettings { refresh, pause, keep, timeout } = *settings;
        let url = safe(url).is_none().then_some(InvalidJwks::Url);
        let shared = (algorithm == JwtAlgorithm::HS256).then_some(InvalidJwks::Shared);
        let are_wrong = pause.is_zero() || timeout.is_zero() || refresh < pause || keep < refresh;
        let times = are_wrong.then_some(InvalidJwks::Times);
        [url, shared, times].into_iter().flatten()
    }

    /// Fetches nothing yet.
    pub fn new(url: &str, settings: &JwksSettings, algorithm: JwtAlgorithm) -> Result<Self, InvalidJwks> {
        if let Some(problem) = Self::problems(url, settings, algorithm).next() {
            return Err(problem);
        }
        let url = safe(url).ok_or(InvalidJwks::Url)?;
        kit::tls::install();
        // A redirect or a proxy of the environment could name keys that are not the issuer's.
        let client =
            Client::builder().redirect(Policy::none()).no_proxy().timeout(settings.timeout).build()?;
        let (known, fetching) = (Mutex::default(), Arc::default());
        Ok(Self { url, client, algorithm, settings: settings.clone(), known, fetching })
    }

    /// Fetches at once and then whenever it is time, until the drain begins.
    pub async fn keep_fresh(self: Arc<Self>, drain: Drain) {
        let fetching = async {
            loop {
                self.fetch_unless_lately().await;
                let is_away = self.lock().is_away;
                tokio::time::sleep(if is_away { self.settings.pause } else { self.settings.refresh }).await;
            }
        };
        tokio::select! {
            () = fetching => {}
            () = drain.draining() => {}
        }
    }

    /// The key of this name. One that is not known may be new: then the issuer is asked, if it was not lately.
    pub async fn find(self: &Arc<Self>, kid: Option<&str>) -> Lookup {
        let began = Instant::now();
        if let Some(found) = self.lock().find(kid, began, self.settings.keep) {
            return Lookup::Found(found);
        }
        // On the heap: it is rare, and every request would have its room.
        Box::pin(self.fetch_unless_lately()).await;
        let known = self.lock();
        match known.find(kid, Instant::now(), self.settings.keep) {
            Some(found) => Lookup::Found(found),
            None if known.fetched_at.is_some_and(|at| at >= began) => Lookup::Absent,
            None => Lookup::Unknown,
        }
    }

    async fn fetch_unless_lately(self: &Arc<Self>) {
        let alone = Arc::clone(&self.fetching).lock_owned().await;
        let now = Instant::now();
        if self.lock().tried_at.is_some_and(|at| now < at + self.settings.pause) {
            return;
        }
        let jwks = Arc::clone(self);
        let fetching = tokio::spawn(async move {
            let fetched = jwks.fetch().await;
            jwks.lock().take(fetched, now);
            drop(alone);
        });
        // Who asked may leave: what was begun counts all the same. A panic in there is told by its hook.
        fetching.await.ok();
    }

    async fn fetch(&self) -> Result<KeySet, FetchError> {
        let mut response = self.client.get(self.url.clone()).send().await?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > LONGEST_DOCUMENT {
                return Err(FetchError::Long);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(KeySet::read(&body, self.algorithm)?)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // Each change under the lock is complete before anything in it can panic.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn find(&self, kid: Option<&str>, now: Instant, keep: Duration) -> Option<Arc<DecodingKey>> {
        let fetched_at = self.fetched_at?;
        (now < fetched_at + keep).then(|| self.keys.find(kid))?
    }

    /// An outage is one line in the log at its beginning and one at its end.
    fn take(&mut self, fetched: Result<KeySet, FetchError>, asked_at: Instant) {
        self.tried_at = Some(Instant::now());
        let was_away = std::mem::replace(&mut self.is_away, fetched.is_err());
        match fetched {
            Ok(keys) => {
                (self.keys, self.fetched_at) = (Arc::new(keys), Some(asked_at));
                if was_away {
                    tracing::info!("Keys of tokens are fetched again");
                }
            }
            Err(error) if !was_away => {
                tracing::warn!(error = &error as &dyn std::error::Error, "Keys of tokens cannot be fetched");
            }
            Err(_) => {}
        }
    }
}

fn safe(url: &str) -> Option<Url> {
    Url::parse(url).ok().filter(is_safe)
}

fn is_safe(url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => url.host_str().is_some_and(is_loopback),
        _ => false,
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    #[tokio::test]
    async fn an_issuer_is_asked_once_when_those_who_ask_leave() {
        let issuer = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", issuer.local_addr().unwrap());
        let jwks = Arc::new(Jwks::new(&url, &JwksSettings::default(), JwtAlgorithm::EdDSA).unwrap());
        let mut asked = tokio::select! {
            accepted = issuer.accept() => accepted.unwrap().0,
            _ = jwks.find(Some("unknown")) => panic!("nobody has answered"),
        };
        // The first has left.
        let another = jwks.find(Some("unknown"));
        let answered = async {
            let _head = asked.read(&mut [0; 1024]).await.unwrap();
            asked.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"keys\":[]}").await.unwrap();
        };
        tokio::select! {
            (found, ()) = async { tokio::join!(another, answered) } => assert!(matches!(found, Lookup::Unknown)),
            _ = issuer.accept() => panic!("it is asked again"),
        }
        assert!(jwks.lock().fetched_at.is_some(), "the first answer is taken");
    }

    #[test]
    fn keys_come_over_tls_or_from_this_machine() {
        let settings = JwksSettings::default();
        let new = |url: &str| Jwks::new(url, &settings, JwtAlgorithm::EdDSA).is_ok();
        for url in
            ["https://issuer.example/jwks", "http://127.0.0.1:8080/", "http://[::1]/", "http://localhost/"]
        {
            assert!(new(url), "{url}");
        }
        for url in ["http://issuer.example/jwks", "http://localhost.example/", "file:///etc/keys", "jwks", ""]
        {
            assert!(!new(url), "{url}");
        }
    }

    #[test]
    fn settings_that_would_not_work_are_refused() {
        let url = "https://issuer.example/jwks";
        let with = |refresh, keep, algorithm| {
            let seconds = Duration::from_secs;
            let settings =
                JwksSettings { refresh: seconds(refresh), keep: seconds(keep), ..JwksSettings::default() };
            Jwks::new(url, &settings, algorithm).map(|_| ())
        };
        assert!(with(10, 10, JwtAlgorithm::RS256).is_ok());
        assert!(matches!(with(9, 10, JwtAlgorithm::RS256), Err(InvalidJwks::Times)));
        assert!(matches!(with(20, 10, JwtAlgorithm::RS256), Err(InvalidJwks::Times)));
        assert!(matches!(with(10, 10, JwtAlgorithm::HS256), Err(InvalidJwks::Shared)));
        let hasty = JwksSettings { timeout: Duration::ZERO, ..JwksSettings::default() };
        assert!(matches!(Jwks::new(url, &hasty, JwtAlgorithm::RS256), Err(InvalidJwks::Times)));
    }
}
