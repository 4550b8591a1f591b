//! A pusher, put together.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use bus::Bus;
use kit::{backoff::Backoff, drain::Drain, readiness::Gate};
use mailbox_event::{AccountTokens, Naming, RelayId};
use prometheus_client::registry::Registry;
use tokio::sync::Semaphore;

use crate::{
    cors::{CorsPolicy, InvalidCors},
    credential::{
        CookiePolicy, InvalidCookies, InvalidJwtSettings, InvalidUpstream, JwtVerifier, Tickets, Upstream,
        Verifier,
    },
    hub::Hub,
    places::Places,
    reconcile::Reconcile,
    revocation::{Revocations, Revoker},
    server::Server,
    service::Service,
    settings::{Credential, Settings, UpstreamSettings},
    telemetry::Telemetry,
    upstream_state::UpstreamState,
};

/// The waits while the bus does not answer for an account.
const BUS_BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));

/// What a pusher is given.
pub struct Deps<'a> {
    /// Where changes come from.
    pub bus: Arc<dyn Bus>,
    /// The installation's account tokens.
    pub tokens: AccountTokens,
    /// How the mail server names its users.
    pub naming: Naming,
    /// Where metrics are shown.
    pub registry: &'a mut Registry,
    /// Up while clients are served.
    pub gate: Gate,
    /// Ends it.
    pub drain: Drain,
}

/// The fast path, listening.
pub struct Pusher {
    server: Server,
    reconcile: Arc<Reconcile>,
    revoker: Revoker,
    gate: Gate,
    drain: Drain,
}

/// Why a pusher did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nobody could open a stream.
    #[error("no credential is configured: set upstream or jwt")]
    NoCredential,
    /// The settings of cross-origin pages.
    #[error(transparent)]
    Cors(#[from] InvalidCors),
    /// The settings of cookies.
    #[error(transparent)]
    Cookies(#[from] InvalidCookies),
    /// The settings of tokens.
    #[error(transparent)]
    Jwt(#[from] InvalidJwtSettings),
    /// The settings of the mail server.
    #[error(transparent)]
    Upstream(#[from] InvalidUpstream),
    /// The address is taken, or is none of this machine.
    #[error("pusher.listen: cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
}

impl Pusher {
    /// Checks the settings and listens. Connections wait until [`Self::run`].
    pub async fn bind(settings: Settings, deps: Deps<'_>) -> Result<Self, StartError> {
        let Deps { bus, tokens, naming, registry, gate, drain } = deps;
        let telemetry = Arc::new(Telemetry::new(registry));
        let (first, longest) = BUS_BACKOFF;
        let backoff = Backoff::new(first, longest).expect("the first wait is shorter than the longest");
        let hub = Hub::new(bus.clone(), settings.limits.streams, backoff, drain.clone(), telemetry.clone());
        let revocations = Revocations::new(bus.clone(), tokens.clone(), telemetry.clone());
        let remember = settings.remember_revocations;
        let revoker = Revoker::new(bus.clone(), tokens.clone(), naming.clone(), remember);
        let ground = Ground { bus: &bus, revocations: &revocations, hub: &hub, telemetry: &telemetry };
        let verifiers = ground.verifiers(&settings.credentials)?;
        let asker = UpstreamState::new(bus.clone(), RelayId(rand::random()), telemetry.clone());
        let reconcile =
            Reconcile::new(hub.clone(), bus.clone(), asker, &settings, drain.clone(), telemetry.clone());
        let service = Service {
            hub,
            tokens,
            naming,
            verifiers,
            tickets: Tickets::new(bus.clone(), settings.tickets, telemetry.clone()),
            revocations,
            cookies: settings.cookies.as_ref().map(CookiePolicy::new).transpose()?,
            unverified: Semaphore::new(settings.limits.unverified),
            proxies: settings.trusted_proxies,
            addresses: Places::new(settings.limits.streams_per_address),
            accounts: Places::new(settings.limits.streams_per_account),
            reconcile: reconcile.clone(),
            bus,
            cors: CorsPolicy::new(&settings.cors.origins, settings.cors.credentials)?,
            pace: settings.pace,
            drain: drain.clone(),
            telemetry,
        };
        for jwks in service.verifiers.iter().filter_map(Verifier::published) {
            drain.spawn(jwks.clone().keep_fresh(drain.clone()));
        }
        let server = Server::bind(settings.listen, Arc::new(service), settings.limits).await;
        let server = server.map_err(|error| StartError::Listen(settings.listen, error))?;
        Ok(Self { server, reconcile, revoker, gate, drain })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.server.local_addr()
    }

    /// What revokes the credentials of an account, on all nodes.
    pub fn revoker(&self) -> Revoker {
        self.revoker.clone()
    }

    /// Serves until the drain begins and every stream has said its last, or the time for that is over.
    pub async fn run(self) {
        // The gate goes down as soon as the drain begins, not when the last stream is gone.
        let gate = self.gate.clone();
        let drain = self.drain.clone();
        gate.up();
        let watching = async {
            drain.draining().await;
            gate.down("draining");
        };
        let reconciling = self.drain.token().run_until_cancelled(self.reconcile.run());
        tokio::join!(self.server.run(), watching, reconciling);
    }
}

/// What verifiers are made with.
struct Ground<'a> {
    bus: &'a Arc<dyn Bus>,
    revocations: &'a Revocations,
    hub: &'a Arc<Hub>,
    telemetry: &'a Arc<Telemetry>,
}

impl Ground<'_> {
    fn verifiers(&self, credentials: &[Credential]) -> Result<Vec<Verifier>, StartError> {
        if credentials.is_empty() {
            return Err(StartError::NoCredential);
        }
        credentials.iter().map(|credential| self.verifier(credential)).collect()
    }

    fn verifier(&self, credential: &Credential) -> Result<Verifier, StartError> {
        Ok(match credential {
            Credential::Jwt(settings) => Verifier::Jwt(Box::new(JwtVerifier::new(settings)?)),
            Credential::Upstream(settings) => Verifier::Upstream(Arc::new(Upstream::new(
                settings.clone(),
                &verdict_key(settings),
                self.bus.clone(),
                self.revocations.clone(),
                self.hub.clone(),
                self.telemetry.clone(),
            )?)),
        })
    }
}

fn verdict_key(settings: &UpstreamSettings) -> Vec<u8> {
    match &settings.key {
        Some(key) => key.expose().as_bytes().to_vec(),
        None => rand::random::<[u8; 32]>().to_vec(),
    }
}
