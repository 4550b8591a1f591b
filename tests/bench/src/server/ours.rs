//! mailpush: the bus on disk and a pusher in one process, on the runtime that the standalone program has.

use std::{net::SocketAddr, path::Path, sync::Arc};

use bus_local::{LocalBus, LocalBusSettings};
use kit::{config::Secret, drain::Drain, readiness::Readiness};
use mailbox_event::{AccountTokens, Naming};
use prometheus_client::registry::Registry;
use pusher::{Credential, Deps, JwtAlgorithm, JwtSettings, Limits, Pusher, Settings};
use tokio::net::UnixListener;

use super::{INLET, announce, end_with_input, inlet::Inlet};
use crate::{
    Outcome,
    peer::{AUDIENCE, KEY},
};

pub fn run(folder: &Path) -> Outcome<()> {
    end_with_input();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let folder = folder.to_owned();
    // On the runtime's own threads, where the program's services are.
    runtime
        .block_on(runtime.spawn(async move { serve(&folder).await.map_err(|error| error.to_string()) }))??;
    Ok(())
}

async fn serve(folder: &Path) -> Outcome<()> {
    let bus = LocalBus::open(&folder.join("bus.db"), LocalBusSettings::default())?;
    let tokens = AccountTokens::new(b"the key of this installation");
    let (mut registry, readiness) = (Registry::default(), Readiness::new());
    let deps = Deps {
        bus: Arc::new(bus.clone()),
        tokens: tokens.clone(),
        naming: Naming::new("example.org"),
        registry: &mut registry,
        gate: readiness.gate("pusher"),
        drain: Drain::new(),
    };
    let pusher = Pusher::bind(settings(), deps).await?;
    let listener = UnixListener::bind(folder.join(INLET))?;
    announce(pusher.local_addr()?, std::process::id());
    let serving = tokio::spawn(pusher.run());
    let mut inlet = Inlet::new(bus, tokens);
    while !serving.is_finished() {
        let (socket, _) = listener.accept().await?;
        inlet.take(socket).await?;
    }
    Ok(())
}

fn settings() -> Settings {
    let jwt = JwtSettings { key: Some(Secret::new(KEY)), ..JwtSettings::new(JwtAlgorithm::HS256, AUDIENCE) };
    // All streams come from one address, and in some scenarios are one account's. They are counted all the same.
    let limits = Limits::default();
    let limits =
        Limits { streams_per_account: limits.streams, streams_per_address: limits.streams, ..limits };
    Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        credentials: vec![Credential::Jwt(jwt)],
        limits,
        ..Settings::default()
    }
}
