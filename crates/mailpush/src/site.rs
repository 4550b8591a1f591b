//! A site: relay, pusher and notifyd in one process, on an embedded bus and SQLite.

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc};

use bus::{Bus, BusError};
use bus_local::LocalBus;
use kit::{
    admin::{self, AdminError, AdminServer},
    drain::Drain,
    readiness::Readiness,
};
use mailbox_event::{AccountTokens, Naming};
use notifyd::Notifyd;
use prometheus_client::registry::Registry;
use pusher::{Pusher, Revoker};
use relay::{Activated, Relay};
use store::Store;

use crate::{bus_watch::BusWatch, config::Config, key, revoke};

/// A running site.
pub struct Site {
    pusher_addr: SocketAddr,
    admin: AdminServer,
    bus: LocalBus,
    store: Store,
}

/// Why a site did not begin.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The folder for data, or the key in it.
    #[error("data folder {} cannot be used", .0.display())]
    Data(PathBuf, #[source] io::Error),
    /// The bus.
    #[error("bus cannot be opened")]
    Bus(#[source] BusError),
    /// The database.
    #[error("database cannot be opened")]
    Store(#[source] store::OpenError),
    /// relay.
    #[error("relay cannot start")]
    Relay(#[source] relay::StartError),
    /// pusher.
    #[error("pusher cannot start")]
    Pusher(#[source] pusher::StartError),
    /// The address that pusher was given by the system.
    #[error("pusher has no address")]
    Address(#[source] io::Error),
    /// notifyd.
    #[error("notifyd cannot start")]
    Notifyd(#[source] notifyd::StartError),
    /// The admin port.
    #[error(transparent)]
    Admin(#[from] AdminError),
}

/// What the three services share.
struct Ground {
    bus: LocalBus,
    store: Store,
    key: Vec<u8>,
    tokens: AccountTokens,
    naming: Naming,
    readiness: Readiness,
    registry: Registry,
    drain: Drain,
}

impl Site {
    /// Starts everything, the consumers before what feeds them. It ends when `drain` does; then [`Self::close`].
    pub async fn start(config: Config, drain: Drain) -> Result<Self, SiteError> {
        let mut ground = Ground::lay(&config, drain).await?;
        ground.start_bus_watch();
        ground.start_notifyd(config.notifyd).await?;
        let (pusher_addr, revoker) = ground.start_pusher(config.pusher).await?;
        ground.start_relay(config.relay)?;
        let Ground { bus, store, key, readiness, registry, .. } = ground;
        let act = revoke::act(&key, revoker);
        let admin = admin::serve_with(config.admin.listen, readiness, Arc::new(registry), act)?;
        tracing::info!(pusher = %pusher_addr, admin = %admin.local_addr(), "Started");
        Ok(Self { pusher_addr, admin, bus, store })
    }

    /// Where streams are served.
    pub fn pusher_addr(&self) -> SocketAddr {
        self.pusher_addr
    }

    /// Closes the databases, once the drain is over.
    pub async fn close(self) {
        self.bus.close().await;
        self.store.close().await;
        drop(self.admin);
    }
}

impl Ground {
    async fn lay(config: &Config, drain: Drain) -> Result<Self, SiteError> {
        let data = |error| SiteError::Data(config.data.clone(), error);
        let key = key::read_or_make(&config.data, rand::random()).map_err(data)?;
        let bus = LocalBus::open(&config.data.join("bus.db"), config.bus.clone()).map_err(SiteError::Bus)?;
        let effects = config.data.join("effects.db");
        let store = Store::open(&effects.to_string_lossy()).await.map_err(SiteError::Store)?;
        kit::tls::install();
        Ok(Self {
            bus,
            store,
            tokens: AccountTokens::new(&key),
            key,
            naming: Naming::new(&config.default_domain),
            readiness: Readiness::new(),
            registry: Registry::default(),
            drain,
        })
    }

    /// Each service is a node of its own on the bus, as it would be in a process of its own.
    fn node(&self) -> Arc<dyn Bus> {
        Arc::new(self.bus.another_node())
    }

    fn start_bus_watch(&mut self) {
        let watch = BusWatch::new(self.bus.clone(), self.readiness.gate("bus"), &mut self.registry);
        self.drain.spawn(watch.run(self.drain.clone()));
    }

    async fn start_notifyd(&mut self, settings: notifyd::Settings) -> Result<(), SiteError> {
        let starting = Notifyd::start(settings, self.node(), self.store.clone(), &mut self.registry);
        let notifyd = starting.await.map_err(SiteError::Notifyd)?;
        self.drain.spawn(notifyd.run(self.drain.clone()));
        Ok(())
    }

    async fn start_pusher(&mut self, settings: pusher::Settings) -> Result<(SocketAddr, Revoker), SiteError> {
        let deps = pusher::Deps {
            bus: self.node(),
            tokens: self.tokens.clone(),
            naming: self.naming.clone(),
            registry: &mut self.registry,
            gate: self.readiness.gate("pusher"),
            drain: self.drain.clone(),
        };
        let pusher = Pusher::bind(settings, deps).await.map_err(SiteError::Pusher)?;
        let address = pusher.local_addr().map_err(SiteError::Address)?;
        let revoker = pusher.revoker();
        self.drain.spawn(pusher.run());
        Ok((address, revoker))
    }

    fn start_relay(&mut self, settings: relay::Settings) -> Result<(), SiteError> {
        let deps = relay::Deps {
            bus: self.node(),
            tokens: self.tokens.clone(),
            naming: self.naming.clone(),
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
