//! From a request to its response.

mod ticket;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use bus::Bus;
use bytes::{Bytes, BytesMut};
use hyper::{HeaderMap, Response, http::request::Parts};
use kit::drain::Drain;
use mailbox_event::{AccountToken, AccountTokens, Naming, codec};
use rand::{Rng, RngExt};
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    cors::CorsPolicy,
    credential::{self, Identity, Outcome, Presented, Tickets, Verifier},
    frame::Frame,
    hub::{Hub, Subscription, View},
    request::{self, Asked, Claim, StreamRequest},
    response::{self, Body},
    settings::Pace,
    stream::{EventBody, Owner, Step, Stream, Timing},
    telemetry::{CredentialOutcome, Telemetry},
    upstream_state::UpstreamState,
};

/// When nobody can say whether a credential is good, its clients come back within these.
const UNVERIFIABLE_RETRY: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(15));

/// A client that is turned away does not wait for a slow bus.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// What answers requests.
pub struct Service {
    pub(crate) hub: Arc<Hub>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) tokens: AccountTokens,
    pub(crate) naming: Naming,
    pub(crate) verifiers: Vec<Verifier>,
    pub(crate) tickets: Tickets,
    /// For requests whose credential is being checked; the hub's permits are for those whose credential is good.
    pub(crate) unverified: Semaphore,
    pub(crate) upstream_state: Arc<UpstreamState>,
    pub(crate) cors: CorsPolicy,
    pub(crate) pace: Pace,
    pub(crate) allow_cookie: bool,
    pub(crate) drain: Drain,
    pub(crate) telemetry: Arc<Telemetry>,
}

impl Service {
    /// Answers one request. `has_body`: whether one follows its head. `_peer`: the other end of its connection.
    pub async fn answer(&self, head: &Parts, has_body: bool, _peer: IpAddr) -> Response<Body> {
        let (mut response, cors) = match request::read(&head.method, &head.uri, &head.headers, has_body) {
            Ok(Asked::Stream(asked, Some(claim))) => {
                (self.open_by_ticket(&asked, &claim).await, self.cors.fields(&head.headers))
            }
            Ok(Asked::Stream(asked, None)) => {
                (self.open(&asked, &head.headers).await, self.cors.fields(&head.headers))
            }
            Ok(Asked::Ticket) => (self.ticket(&head.headers).await, self.cors.fields(&head.headers)),
            Ok(Asked::Options(method)) => {
                (response::options(&method), self.cors.preflight_fields(&head.headers, &method))
            }
            Err(refusal) => (response::refusal(refusal), self.cors.fields(&head.headers)),
        };
        response::add(&mut response, cors);
        response
    }

    async fn open(&self, asked: &StreamRequest, fields: &HeaderMap) -> Response<Body> {
        match self.check(fields).await {
            Outcome::Accepted(identity) => self.stream(asked, *identity).await,
            Outcome::Refused => response::unauthorized(),
            Outcome::Unverifiable => unverifiable(&mut rand::rng()),
        }
    }

    async fn open_by_ticket(&self, asked: &StreamRequest, claim: &Claim) -> Response<Body> {
        match self.redeem(claim).await {
            Outcome::Accepted(identity) => self.stream(asked, *identity).await,
            Outcome::Refused => response::ticket_refused(),
            Outcome::Unverifiable => unverifiable(&mut rand::rng()),
        }
    }

    /// What the header fields of a request are worth.
    async fn check(&self, fields: &HeaderMap) -> Outcome {
        let Some(presented) = Presented::of(fields, self.allow_cookie) else {
            self.telemetry.credential(CredentialOutcome::Missing);
            return Outcome::Refused;
        };
        let Ok(_room) = self.unverified.try_acquire() else { return self.counted(Outcome::Unverifiable) };
        self.counted(credential::check(&self.verifiers, &presented, &self.naming, SystemTime::now()).await)
    }

    fn counted(&self, outcome: Outcome) -> Outcome {
        self.telemetry.credential(match outcome {
            Outcome::Accepted(_) => CredentialOutcome::Accepted,
            Outcome::Refused => CredentialOutcome::Refused,
            Outcome::Unverifiable => CredentialOutcome::Unverifiable,
        });
        outcome
    }

    async fn stream(&self, asked: &StreamRequest, identity: Identity) -> Response<Body> {
        let account = self.tokens.token(&identity.account);
        let owner = Owner { account, account_id: identity.account_id.clone() };
        let now = tokio::time::Instant::now().into_std();
        let timing = timing(&self.pace, identity.lasts, now, &mut rand::rng());
        let stream = Stream::new(asked, owner, timing, now).tagged(identity.tag.clone());
        if !self.drain.is_draining()
            && let Ok(subscription) = self.hub.join(account)
        {
            self.ask_if_unknown(&subscription, identity);
            return response::stream(EventBody::new(stream, subscription, self.telemetry.clone()));
        }
        self.telemetry.turned_away();
        response::short_stream(all_at_once(stream, &self.last_view(account).await, now))
    }

    /// In the background: the first octets of the stream do not wait for the mail server.
    fn ask_if_unknown(&self, subscription: &Subscription, identity: Identity) {
        if let Some(question) = identity.question
            && subscription.channel().view().known_state().is_none()
        {
            let (asker, channel) = (self.upstream_state.clone(), subscription.channel().clone());
            self.drain.spawn(async move { asker.ask_if_unknown(&channel, identity.account, question).await });
        }
    }

    /// What a client that is turned away can still be told.
    async fn last_view(&self, account: AccountToken) -> View {
        let mut view = self.hub.known(account).map_or_else(View::default, |known| View::clone(&known));
        if view.state.is_none()
            && let Ok(Ok(Some(stored))) = timeout(LAST_LOOK, self.bus.state(account)).await
            && let Ok(state) = codec::decode(&stored.value)
        {
            view.join(state, Instant::now());
        }
        View { is_leaving: true, is_loaded: true, ..view }
    }
}

/// A stream that ends where it begins.
fn all_at_once(mut stream: Stream, view: &View, now: Instant) -> Bytes {
    let mut frames = BytesMut::new();
    while let Step::Write(written) = stream.step(view, now) {
        frames.extend_from_slice(&written.frame.octets);
    }
    frames.freeze()
}

fn unverifiable(rng: &mut impl Rng) -> Response<Body> {
    let (shortest, longest) = UNVERIFIABLE_RETRY;
    let mut frames = BytesMut::from(&Frame::retry(rng.random_range(shortest..=longest)).octets[..]);
    frames.extend_from_slice(&Frame::comment("the credential cannot be verified at the moment").octets);
    response::short_stream(frames.freeze())
}

fn timing(pace: &Pace, lasts: Option<Duration>, now: Instant, rng: &mut impl Rng) -> Timing {
    let lifetime = pace.lifetime.mul_f64(rng.random_range(0.8..=1.0));
    Timing {
        heartbeat: pace.heartbeat,
        retry: pace.retry.mul_f64(rng.random_range(0.8..=1.2)),
        // At least a moment: a client that comes back at once meets the same node.
        leaving_retry: rng.random_range(pace.drain_window / 10..=pace.drain_window),
        until: now + lasts.map_or(lifetime, |lasts| lasts.min(lifetime)),
    }
}
