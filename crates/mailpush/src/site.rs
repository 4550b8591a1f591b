//! A site in one process, or one service of it.

mod error;

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use bus::Bus;
use kit::{
    admin::{AdminPort, AdminServer, Orders},
    drain::Drain,
    readiness::{Gate, Readiness},
};
use mailbox_event::{AccountTokens, Naming};
use notifyd::Notifyd;
use prometheus_client::registry::Registry;
use pusher::{Pusher, Revoker};
use relay::{Activated, Relay};
use store::Store;

pub use error::SiteError;

use crate::{
    bus_watch::BusWatch,
    config::Config,
    dead_letters, key, proof, revoke,
    role::Role,
    site_bus::{Kind, SiteBus},
};

/// A running site, or the part of it that is this process.
pub struct Site {
    pusher_addr: Option<SocketAddr>,
    admin: AdminServer,
    bus: SiteBus,
    store: Option<Store>,
}

/// A NATS that is there is ready by then: no word about it.
const USUAL_WAIT: Duration = Duration::from_secs(1);

/// What was started and is asked for later.
#[derive(Default)]
struct Parts {
    store: Option<Store>,
    pusher: Option<(SocketAddr, Revoker)>,
}

/// What the services share.
struct Ground {
    role: Role,
    admin_port: AdminPort,
    names: Names,
    bus: SiteBus,
    readiness: Readiness,
    registry: Registry,
    drain: Drain,
}

/// The installation's key, which names accounts on the bus and signs links, and how the mail server names its users.
#[derive(Clone)]
struct Names {
    key: Vec<u8>,
    tokens: AccountTokens,
    naming: Naming,
}

impl Site {
    /// Starts the services of `role`, the consumers before what feeds them. It ends when `drain` does; then
    /// [`Self::close`].
    pub async fn start(role: Role, config: Config, drain: Drain) -> Result<Self, SiteError> {
        let mut ground = Ground::lay(role, &config, drain).await?;
        ground.start_bus_watch();
        let parts = Box::pin(ground.start_services(config)).await?;
        ground.open_admin_port(parts)
    }

    /// Where streams are served, if they are.
    pub fn pusher_addr(&self) -> Option<SocketAddr> {
        self.pusher_addr
    }

    /// The database of notifyd, if that runs here.
    pub fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// Closes bus and database, once the drain is over.
    pub async fn close(self) {
        self.bus.close().await;
        if let Some(store) = self.store {
            store.close().await;
        }
        drop(self.admin);
    }
}

impl Names {
    fn read(config: &Config) -> Result<Self, SiteError> {
        let key = match &config.key_file {
            Some(path) => key::read(path).map_err(|error| SiteError::Key(path.clone(), error))?,
            None => key::read_or_make(&config.data, rand::random())
                .map_err(|error| SiteError::Data(config.data.clone(), error))?,
        };
        Ok(Self { tokens: AccountTokens::new(&key), key, naming: Naming::new(&config.default_domain) })
    }
}

impl Ground {
    async fn lay(role: Role, config: &Config, drain: Drain) -> Result<Self, SiteError> {
        kit::tls::install();
        if config.bus.kind == Kind::Local {
            key::make_folder(&config.data).map_err(|error| SiteError::Data(config.data.clone(), error))?;
        }
        let names = Names::read(config)?;
        // Before any work is taken: who cannot have the port is to hear so first.
        let admin_port = AdminPort::bind(config.admin_port(role))?;
        let bus = SiteBus::open(role, &config.bus, &config.data, &names.key).await.map_err(SiteError::Bus)?;
        let (readiness, registry) = (Readiness::new(), Registry::default());
        Ok(Self { role, admin_port, names, bus, readiness, registry, drain })
    }

    /// Consumers first: a group takes what comes from its first registration on. But Cyrus does not wait for a bus.
    async fn start_services(&mut self, config: Config) -> Result<Parts, SiteError> {
        let role = self.role;
        let mut relay = Some(config.relay).filter(|_| role.has_relay());
        let patience =
            if role == Role::Standalone { config.bus.nats.connect_timeout } else { Duration::ZERO };
        if !self.bus.is_ready_within(patience).await.map_err(SiteError::Bus)? {
            self.start_relay(relay.take())?;
        }
        if role != Role::Relay {
            self.wait_for_bus(&config.bus.nats.servers).await?;
        }
        let mut parts = Parts::default();
        let pusher = if role.has_pusher() { Some(self.bind_pusher(config.pusher).await?) } else { None };
        if role.has_notifyd() {
            parts.store = Some(self.start_notifyd(config.notifyd, &config.data).await?);
        }
        if let Some(pusher) = pusher {
            let address = pusher.local_addr().map_err(SiteError::Address)?;
            parts.pusher = Some((address, pusher.revoker()));
            self.drain.spawn(pusher.run());
        }
        self.start_relay(relay)?;
        Ok(parts)
    }

    /// Meanwhile the admin port says why nothing is ready.
    async fn wait_for_bus(&self, servers: &[String]) -> Result<(), SiteError> {
        if self.bus.is_ready_within(USUAL_WAIT).await.map_err(SiteError::Bus)? {
            return Ok(());
        }
        tracing::warn!(?servers, "Bus is away, and is waited for");
        let _admin = self.admin_port.serve(self.readiness.clone(), Arc::default(), Orders::default())?;
        self.bus.ready().await.map_err(SiteError::Bus)
    }

    fn open_admin_port(self, parts: Parts) -> Result<Site, SiteError> {
        let (pusher_addr, revoker) = parts.pusher.unzip();
        let orders = self.orders(revoker);
        let admin = self.admin_port.serve(self.readiness, Arc::new(self.registry), orders)?;
        tracing::info!(role = self.role.name(), pusher = pusher_addr.map(tracing::field::display), admin = %admin.local_addr(), "Started");
        Ok(Site { pusher_addr, admin, bus: self.bus, store: parts.store })
    }

    /// What the services here do for an operator who has the key.
    fn orders(&self, revoker: Option<Revoker>) -> Orders {
        let proven = |act| proof::required(&self.names.key, act);
        let mut orders = Orders::default();
        if let Some(revoker) = revoker {
            orders = orders.with(revoke::PATH, proven(revoke::act(revoker)));
        }
        if self.role.has_notifyd() {
            orders = orders.with(dead_letters::PATH, proven(dead_letters::act(self.node())));
        }
        orders
    }

    /// Each service is a node of its own on the bus, as it would be in a process of its own.
    fn node(&self) -> Arc<dyn Bus> {
        self.bus.node()
    }

    fn start_bus_watch(&mut self) {
        let gate = self.readiness.gate("bus");
        // Work waits for notifyd: where it does not run, only whether the bus is there is of interest.
        let watch = BusWatch::new(self.bus.clone(), gate, &mut self.registry, self.role.has_notifyd());
        self.drain.spawn(watch.run(self.drain.clone()));
    }

    async fn start_notifyd(&mut self, settings: notifyd::Settings, data: &Path) -> Result<Store, SiteError> {
        key::make_folder(data).map_err(|error| SiteError::Data(data.to_owned(), error))?;
        let effects = data.join("effects.db");
        let store = Store::open(&settings.ledger(), &effects).await.map_err(SiteError::Store)?;
        let starting =
            Notifyd::start(settings, &self.names.key, self.node(), store.clone(), &mut self.registry);
        let notifyd = starting.await.map_err(SiteError::Notifyd)?;
        notifyd.tell(self.gate_of_notifyd("database"), self.gate_of_notifyd("smtp"));
        self.drain.spawn(notifyd.run(self.drain.clone()));
        Ok(store)
    }

    /// Where others work in the same process, they are ready without mail.
    fn gate_of_notifyd(&self, name: &'static str) -> Gate {
        if self.role == Role::Notifyd { self.readiness.gate(name) } else { self.readiness.notice(name) }
    }

    /// Listens; connections wait until it runs.
    async fn bind_pusher(&mut self, settings: pusher::Settings) -> Result<Pusher, SiteError> {
        let names = self.names.clone();
        let deps = pusher::Deps {
            bus: self.node(),
            tokens: names.tokens,
            naming: names.naming,
            registry: &mut self.registry,
            gate: self.readiness.gate("pusher"),
            drain: self.drain.clone(),
        };
        Pusher::bind(settings, deps).await.map_err(SiteError::Pusher)
    }

    /// Starts relay, unless there is none or it was started before.
    fn start_relay(&mut self, settings: Option<relay::Settings>) -> Result<(), SiteError> {
        let Some(settings) = settings else { return Ok(()) };
        let names = self.names.clone();
        let deps = relay::Deps {
            bus: self.node(),
            tokens: names.tokens,
            naming: names.naming,
            registry: &mut self.registry,
            gate: self.readiness.gate("relay"),
            activated: Activated::from_env(),
            clock: relay::clock::system,
        };
        let relay = Relay::bind(settings, deps).map_err(SiteError::Relay)?;
        let drain = self.drain.clone();
        self.drain.spawn(async move {
            if let Err(error) = relay.run(drain.clone()).await {
                tracing::error!(error = &error as &dyn std::error::Error, "Relay ended");
                drain.begin();
            }
        });
        Ok(())
    }
}
