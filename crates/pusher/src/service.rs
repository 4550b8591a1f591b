//! From a request to its response.

mod ticket;
mod turned_away;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use bus::Bus;
use hyper::{HeaderMap, Response, http::request::Parts};
use kit::drain::Drain;
use mailbox_event::{AccountToken, AccountTokens, Naming};
use rand::{Rng, RngExt};
use tokio::sync::Semaphore;

use crate::{
    client_address::{self, ClientAddress, Network},
    cors::CorsPolicy,
    credential::{self, CookiePolicy, Identity, Outcome, Presented, Tickets, Verifier},
    hub::Hub,
    places::{Crowded, Held, Place, Places},
    reconcile::Reconcile,
    request::{self, Asked, Claim, StreamRequest},
    response::{self, Body},
    revocation::Revocations,
    settings::Pace,
    stream::{EventBody, Owner, Stream, Timing},
    telemetry::{CredentialOutcome, Limit, Telemetry},
};

use turned_away::{crowded_address, crowded_retry, unverifiable};

/// What answers requests.
pub struct Service {
    pub(crate) hub: Arc<Hub>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) tokens: AccountTokens,
    pub(crate) naming: Naming,
    pub(crate) verifiers: Vec<Verifier>,
    pub(crate) tickets: Tickets,
    pub(crate) revocations: Revocations,
    /// None: no Cookie counts.
    pub(crate) cookies: Option<CookiePolicy>,
    /// For requests whose credential is being checked; the hub's permits are for those whose credential is good.
    pub(crate) unverified: Semaphore,
    pub(crate) proxies: Vec<Network>,
    pub(crate) addresses: Arc<Places<ClientAddress>>,
    pub(crate) accounts: Arc<Places<AccountToken>>,
    pub(crate) reconcile: Arc<Reconcile>,
    pub(crate) cors: CorsPolicy,
    pub(crate) pace: Pace,
    pub(crate) drain: Drain,
    pub(crate) telemetry: Arc<Telemetry>,
}

/// A stream that was asked for, and the place of where it was asked from.
struct Opening {
    asked: StreamRequest,
    address: Option<Place<ClientAddress>>,
}

impl Service {
    /// Answers one request. `has_body`: whether one follows its head. `peer`: the other end of its connection.
    pub async fn answer(&self, head: &Parts, has_body: bool, peer: IpAddr) -> Response<Body> {
        let mut cors = self.cors.fields(&head.headers);
        let mut response = match request::read(&head.method, &head.uri, &head.headers, has_body) {
            Ok(Asked::Stream(asked, claim)) => self.open(asked, claim.as_ref(), &head.headers, peer).await,
            Ok(Asked::Ticket) => self.ticket(&head.headers, peer).await,
            Ok(Asked::Options(method)) => {
                cors = self.cors.preflight_fields(&head.headers, &method);
                response::options(&method)
            }
            Err(refusal) => response::refusal(refusal),
        };
        response::add(&mut response, cors);
        response
    }

    async fn open(
        &self,
        asked: StreamRequest,
        claim: Option<&Claim>,
        fields: &HeaderMap,
        peer: IpAddr,
    ) -> Response<Body> {
        // Before the credential is looked at: a flood must not reach the mail server.
        let Ok(address) = self.place(peer, fields) else {
            self.telemetry.turned_away();
            return crowded_address(&mut rand::rng());
        };
        let outcome = match claim {
            Some(claim) => self.redeem(claim).await,
            None => self.check(fields).await,
        };
        match outcome {
            Outcome::Accepted(identity) => self.stream(Opening { asked, address }, *identity).await,
            Outcome::Refused if claim.is_some() => response::ticket_refused(),
            Outcome::Refused => response::unauthorized(),
            Outcome::Unverifiable => unverifiable(&mut rand::rng()),
        }
    }

    /// A place for the address that a request comes from. What is known to be a proxy of ours needs none.
    fn place(&self, peer: IpAddr, fields: &HeaderMap) -> Result<Option<Place<ClientAddress>>, Crowded> {
        let client = client_address::client(peer, fields, &self.proxies);
        let place = client.map(|client| self.addresses.take(client)).transpose();
        place.inspect_err(|Crowded| self.telemetry.over_limit(Limit::Address))
    }

    /// What the header fields of a request are worth.
    async fn check(&self, fields: &HeaderMap) -> Outcome {
        let Some(presented) = Presented::of(fields, self.cookies.as_ref()) else {
            self.telemetry.credential(CredentialOutcome::Missing);
            return Outcome::Refused;
        };
        let Ok(_room) = self.unverified.try_acquire() else { return self.counted(Outcome::Unverifiable) };
        let (verifiers, now) = (&self.verifiers, SystemTime::now());
        self.counted(credential::check(verifiers, &presented, &self.naming, &self.revocations, now).await)
    }

    fn counted(&self, outcome: Outcome) -> Outcome {
        self.telemetry.credential(match outcome {
            Outcome::Accepted(_) => CredentialOutcome::Accepted,
            Outcome::Refused => CredentialOutcome::Refused,
            Outcome::Unverifiable => CredentialOutcome::Unverifiable,
        });
        outcome
    }

    async fn stream(&self, opening: Opening, identity: Identity) -> Response<Body> {
        let account = self.tokens.token(&identity.account);
        let owner = Owner { account, account_id: identity.account_id.clone() };
        let now = tokio::time::Instant::now().into_std();
        let mut timing = timing(&self.pace, identity.lasts, now, &mut rand::rng());
        let place = self.accounts.take(account);
        if place.is_err() {
            self.telemetry.over_limit(Limit::Account);
            timing.leaving_retry = crowded_retry(&mut rand::rng());
        }
        let holding = identity.holding();
        let stream = Stream::new(&opening.asked, owner, timing, now);
        let stream = stream.tagged(identity.tag.clone()).held_by(holding);
        if let Ok(account_place) = place
            && !self.drain.is_draining()
            && let Ok(mut subscription) = self.hub.join(account)
        {
            let credential = holding.credential.map(|credential| self.hub.hold(credential, account));
            subscription.hold(Held::new(opening.address, account_place, credential));
            self.reconcile.joined(subscription.channel(), identity);
            return response::stream(Box::new(EventBody::new(stream, subscription, self.telemetry.clone())));
        }
        // On the heap: it is rare, and every request would have its room.
        Box::pin(self.turn_away(stream, account, now)).await
    }
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
