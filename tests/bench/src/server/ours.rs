//! mailpush: the bus on disk and a pusher in one process, on the runtime that the standalone program has.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use bus::Bus;
use bus_local::{LocalBus, LocalBusSettings};
use kit::{config::Secret, drain::Drain, readiness::Readiness};
use mailbox_event::{AccountTokens, Naming};
use prometheus_client::registry::Registry;
use pusher::{Credential, Deps, JwtAlgorithm, JwtSettings, Limits, Pusher, Settings};

use super::{announce, end_with_input, inlet};
use crate::{
    Outcome,
    peer::{AUDIENCE, KEY},
};

/// The key under which accounts are named on the bus.
const TOKEN_KEY: &[u8] = b"the key of this installation";

pub fn run(folder: &Path) -> Outcome<()> {
    end_with_input();
    on_runtime(serve(folder.to_owned()))
}

/// Works on the runtime's own threads, where the program's services are.
pub fn on_runtime(work: impl Future<Output = Outcome<()>> + Send + 'static) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(runtime.spawn(work))?
}

async fn serve(folder: PathBuf) -> Outcome<()> {
    let bus = Arc::new(LocalBus::open(&folder.join("bus.db"), LocalBusSettings::default())?);
    let pusher = pusher(bus.clone()).await?;
    let inlet = inlet::Listener::bind(&folder)?;
    announce(pusher.local_addr()?, std::process::id());
    let serving = tokio::spawn(pusher.run());
    tokio::select! {
        taken = inlet.serve(bus) => taken,
        ended = serving => Ok(ended.map(drop)?),
    }
}

/// A pusher on `bus`.
pub async fn pusher(bus: Arc<dyn Bus>) -> Outcome<Pusher> {
    let (mut registry, readiness) = (Registry::default(), Readiness::new());
    let deps = Deps {
        bus,
        tokens: tokens(),
        naming: Naming::new("example.org"),
        registry: &mut registry,
        gate: readiness.gate("pusher"),
        drain: Drain::new(),
    };
    Ok(Pusher::bind(settings(), deps).await?)
}

/// How accounts are named on the bus.
pub fn tokens() -> AccountTokens {
    AccountTokens::new(TOKEN_KEY)
}

fn settings() -> Settings {
    let jwt = JwtSettings { key: Some(Secret::new(KEY)), ..JwtSettings::new(JwtAlgorithm::HS256, AUDIENCE) };
    // All streams come from one address, and in some scenarios are one account's. They are counted all the same.
    let limits = Limits::default();
    let limits = Limits {
        streams_per_account: limits.streams,
        streams_per_address: limits.streams,
        connections_per_address: limits.connections,
        // All come within half a second, and each asks the bus whether its credentials were revoked.
        unverified: limits.streams,
        ..limits
    };
    Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        credentials: vec![Credential::Jwt(jwt)],
        limits,
        ..Settings::default()
    }
}
