//! The mail server's word on a credential.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bus::{Bucket, Bus};
use hmac::{Hmac, KeyInit, Mac};
use kit::config::duration;
use mailbox_event::{Naming, UnixMillis, codec};
use reqwest::{Client, StatusCode, Url, redirect::Policy};
use sha2::Sha256;
use tokio::{sync::Semaphore, time::timeout};

use super::{
    Grant, Identity, Outcome, Presented, Verdict,
    availability::Availability,
    flights::{Digest, Flights},
    millis,
    session::Remembered,
};
use crate::{
    hub::Hub,
    revocation::{CredentialId, Revocations},
    settings::UpstreamSettings,
    telemetry::{Telemetry, UpstreamOutcome},
};

/// As for tokens (RFC 7518 §3.2): passwords are hashed under it.
const SHORTEST_KEY: usize = 32;

/// A Session with some hundred shared accounts has about this size.
const LONGEST_ANSWER: usize = 1 << 20;

/// Asks the mail server.
pub struct Upstream {
    settings: UpstreamSettings,
    session: Url,
    client: Client,
    bus: Arc<dyn Bus>,
    mac: Hmac<Sha256>,
    room: Semaphore,
    flights: Flights<Result<Remembered, Unanswered>>,
    availability: Availability,
    revocations: Revocations,
    hub: Arc<Hub>,
    telemetry: Arc<Telemetry>,
}

/// The right to ask the mail server in the name of a client.
#[derive(Clone)]
pub struct Question {
    upstream: Arc<Upstream>,
    presented: Presented,
    grant: Grant,
}

/// The mail server did not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// No connection, or no answer in time.
    #[error("mail server does not answer")]
    Away,
    /// A status that says nothing of the credential.
    #[error("mail server answers with status {0}")]
    Status(u16),
    /// Too many questions are under way.
    #[error("too many questions to the mail server are under way")]
    Crowded,
    /// An answer that is no answer.
    #[error("mail server answered nonsense")]
    Nonsense,
    /// The credential that was good once is no more.
    #[error("mail server refuses the credential")]
    Refused,
}

/// Why the settings give no upstream.
#[derive(Debug, thiserror::Error)]
pub enum InvalidUpstream {
    /// Not `http://` or `https://`.
    #[error("upstream: session_url is no http or https URL")]
    Url,
    /// Clients' own credentials are presented, and this one could be logged.
    #[error("upstream: session_url holds a user or a password, and clients show their own")]
    Login,
    /// What is kept on the bus under it could be guessed.
    #[error("upstream: key is shorter than 32 octets")]
    ShortKey,
    /// Every check would fail.
    #[error("upstream: timeout must be longer than nothing")]
    Timeout,
    /// Every check would wait for ever.
    #[error("upstream: at_once must be at least 1")]
    AtOnce,
    /// The bus would refuse each verdict, and the mail server be asked each time.
    #[error("upstream: {key} must be at most {}, as long as the bus keeps it", duration::format(*longest))]
    TooLong {
        /// The setting.
        key: &'static str,
        /// The longest time.
        longest: Duration,
    },
    /// No TLS, most likely.
    #[error("upstream: no HTTP client")]
    Client(#[from] reqwest::Error),
}

impl UpstreamSettings {
    /// Checks what is set, and gives the Session resource.
    pub(crate) fn checked(&self) -> Result<Url, InvalidUpstream> {
        self.wrong_numbers().chain(self.short_key()).next().map_or_else(|| self.session(), Err)
    }

    /// Everything that [`Self::checked`] would refuse.
    pub(crate) fn problems(&self) -> impl Iterator<Item = InvalidUpstream> {
        self.wrong_numbers().chain(self.short_key()).chain(self.session().err())
    }

    fn wrong_numbers(&self) -> impl Iterator<Item = InvalidUpstream> + use<> {
        let timeout = self.timeout.is_zero().then_some(InvalidUpstream::Timeout);
        let at_once = (self.at_once == 0).then_some(InvalidUpstream::AtOnce);
        let longest = Bucket::Verdicts.longest_time_to_live();
        let times = [("remember", self.remember), ("remember_refusal", self.remember_refusal)];
        let beyond = times.into_iter().filter(move |(_, time)| *time > longest);
        let beyond = beyond.map(move |(key, _)| InvalidUpstream::TooLong { key, longest });
        timeout.into_iter().chain(at_once).chain(beyond)
    }

    fn short_key(&self) -> Option<InvalidUpstream> {
        let is_short = self.key.as_ref().is_some_and(|key| key.expose().len() < SHORTEST_KEY);
        is_short.then_some(InvalidUpstream::ShortKey)
    }

    fn session(&self) -> Result<Url, InvalidUpstream> {
        let is_http = |url: &Url| matches!(url.scheme(), "http" | "https");
        let url = Url::parse(&self.session_url).ok().filter(is_http).ok_or(InvalidUpstream::Url)?;
        let has_login = !url.username().is_empty() || url.password().is_some();
        if has_login { Err(InvalidUpstream::Login) } else { Ok(url) }
    }
}

impl Upstream {
    /// `key`: see [`UpstreamSettings::key`]; here it has been drawn if need be. `hub` has streams that end with a
    /// refusal.
    pub fn new(
        settings: UpstreamSettings,
        key: &[u8],
        bus: Arc<dyn Bus>,
        revocations: Revocations,
        hub: Arc<Hub>,
        telemetry: Arc<Telemetry>,
    ) -> Result<Self, InvalidUpstream> {
        let session = settings.checked()?;
        kit::tls::install();
        // A redirect could lead the credential elsewhere, and so could a proxy of the environment.
        let client =
            Client::builder().redirect(Policy::none()).no_proxy().timeout(settings.timeout).build()?;
        let mut mac: Hmac<Sha256> = Hmac::new_from_slice(key).expect("HMAC takes keys of any length");
        // Two mail servers may have the same key here, and say different things of one credential.
        mac.update(session.as_str().as_bytes());
        mac.update(b"\0");
        let room = Semaphore::new(settings.at_once);
        let (flights, availability) = (Flights::new(), Availability::default());
        Ok(Self {
            settings,
            session,
            client,
            bus,
            mac,
            room,
            flights,
            availability,
            revocations,
            hub,
            telemetry,
        })
    }

    /// Whose credential it is.
    pub async fn identify(
        self: &Arc<Self>,
        presented: &Presented,
        naming: &Naming,
        now: SystemTime,
    ) -> Outcome {
        let digest = self.digest(presented);
        let credential = CredentialId::of(&digest);
        let (grant, since) = match self.verdict(presented, digest, naming, millis(now)).await {
            Ok(Remembered { verdict: Verdict::Accepted(grant), asked_at }) => (grant, asked_at),
            Ok(Remembered { verdict: Verdict::Refused, asked_at }) => {
                self.hub.refused(credential, asked_at);
                return Outcome::Refused;
            }
            Err(_) => return Outcome::Unverifiable,
        };
        // A user id that is no account of ours has no streams; the credential itself may well be good.
        let Ok(account) = naming.account(&grant.username) else { return Outcome::Refused };
        let account_id = grant.account_id.as_str().into();
        let question = Some(Question { upstream: self.clone(), presented: presented.clone(), grant });
        let (lasts, tag, credential) = (None, None, Some(credential));
        Outcome::Accepted(Box::new(Identity { account, account_id, lasts, since, credential, tag, question }))
    }

    async fn verdict(
        &self,
        presented: &Presented,
        digest: Digest,
        naming: &Naming,
        now: UnixMillis,
    ) -> Result<Remembered, Unanswered> {
        let key = kit::hexadecimal::encode(digest);
        let asked_at = match self.recall(&key).await {
            Some(remembered) => match self.revoked_at(&remembered, naming).await? {
                // The clock of the node that revoked may be ahead of ours: what is said from here on is newer.
                Some(revoked_at) => now.max(UnixMillis(revoked_at.0.saturating_add(1))),
                None => return Ok(remembered),
            },
            None => now,
        };
        self.flights.join(digest, || self.check(presented, &key, asked_at)).await
    }

    /// When a verdict lost its worth, if it did.
    async fn revoked_at(
        &self,
        remembered: &Remembered,
        naming: &Naming,
    ) -> Result<Option<UnixMillis>, Unanswered> {
        let Verdict::Accepted(grant) = &remembered.verdict else { return Ok(None) };
        let Ok(account) = naming.account(&grant.username) else { return Ok(None) };
        let revocation = self.revocations.of(&account).await.map_err(|_| Unanswered::Away)?;
        Ok(revocation.map(|revocation| revocation.at).filter(|at| *at >= remembered.asked_at))
    }

    async fn check(
        &self,
        presented: &Presented,
        key: &str,
        asked_at: UnixMillis,
    ) -> Result<Remembered, Unanswered> {
        let verdict = self.ask_session(presented).await;
        self.telemetry.session_check(match &verdict {
            Ok(Verdict::Accepted(_)) => UpstreamOutcome::Answered,
            Ok(Verdict::Refused) => UpstreamOutcome::Refused,
            Err(unanswered) => (*unanswered).into(),
        });
        self.availability.heard(&verdict);
        let remembered = Remembered { verdict: verdict?, asked_at };
        self.remember(key, &remembered).await;
        Ok(remembered)
    }

    async fn ask_session(&self, presented: &Presented) -> Result<Verdict, Unanswered> {
        let request = self.client.get(self.session.clone());
        match self.send(request, presented).await? {
            (StatusCode::OK, body) => {
                Grant::of_session(&body).map(Verdict::Accepted).map_err(|_| Unanswered::Nonsense)
            }
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => Ok(Verdict::Refused),
            (status, _) => Err(Unanswered::Status(status.as_u16())),
        }
    }

    /// Sends with the client's credential and reads the whole answer, within bounds of number, time and size.
    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        presented: &Presented,
    ) -> Result<(StatusCode, Vec<u8>), Unanswered> {
        let room = timeout(self.settings.timeout, self.room.acquire());
        let _permit = room.await.map_err(|_| Unanswered::Crowded)?;
        let request = request.header(presented.field(), presented.value());
        let mut response = request.send().await.map_err(|_| Unanswered::Away)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| Unanswered::Away)? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(Unanswered::Nonsense);
            }
            body.extend_from_slice(&chunk);
        }
        Ok((response.status(), body))
    }

    /// A bus that fails here costs a question to the mail server, no more.
    async fn recall(&self, key: &str) -> Option<Remembered> {
        match self.bus.get(Bucket::Verdicts, key).await {
            Ok(verdict) => verdict.and_then(|verdict| codec::decode(&verdict.value).ok()),
            Err(error) => {
                self.telemetry.bus_failed();
                tracing::debug!(%error, "Verdict cannot be read");
                None
            }
        }
    }

    async fn remember(&self, key: &str, remembered: &Remembered) {
        let time_to_live: Duration = match &remembered.verdict {
            Verdict::Accepted(_) => self.settings.remember,
            Verdict::Refused => self.settings.remember_refusal,
        };
        let Ok(value) = codec::encode(remembered, codec::Form::MessagePack) else { return };
        if let Err(error) = self.bus.put(Bucket::Verdicts, key, value.into(), time_to_live).await {
            self.telemetry.bus_failed();
            tracing::debug!(%error, "Verdict cannot be stored");
        }
    }

    /// The field counts too: what is a cookie must not pass for an Authorization of the same text.
    fn digest(&self, presented: &Presented) -> Digest {
        let mut mac = self.mac.clone();
        mac.update(presented.field().as_str().as_bytes());
        mac.update(b"\0");
        mac.update(presented.value().as_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl Question {
    /// The account that is asked about, as the mail server names it.
    pub fn account_id(&self) -> &str {
        &self.grant.account_id
    }

    /// The capabilities that the server has.
    pub fn using(&self) -> &[String] {
        &self.grant.using
    }

    /// The same, to be kept while streams are open.
    pub fn to_be_kept(&self) -> Self {
        Self { presented: self.presented.to_be_kept(), ..self.clone() }
    }

    /// Sends a JMAP request (RFC 8620 §3.3). Gives the body of a 200.
    pub async fn send(&self, request: &serde_json::Value) -> Result<Vec<u8>, Unanswered> {
        let request = self.upstream.client.post(self.api()).json(request);
        match self.upstream.send(request, &self.presented).await? {
            (StatusCode::OK, body) => Ok(body),
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => Err(Unanswered::Refused),
            (status, _) => Err(Unanswered::Status(status.as_u16())),
        }
    }

    /// The Session may name the server as it is seen from outside; the credential goes to the origin in the settings.
    fn api(&self) -> Url {
        let mut api = self.upstream.session.clone();
        match api.join(&self.grant.api_url) {
            Ok(named) => {
                api.set_path(named.path());
                api.set_query(named.query());
                api
            }
            Err(_) => api,
        }
    }
}

impl From<Unanswered> for UpstreamOutcome {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Crowded => Self::Crowded,
            Unanswered::Refused => Self::Refused,
            Unanswered::Away | Unanswered::Status(_) | Unanswered::Nonsense => Self::Failed,
        }
    }
}
