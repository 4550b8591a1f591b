//! relay as a process: a test runs itself again, and finds in its environment that it is to be relay.

use std::{
    env,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use bus::Bus;
use bus_local::{LocalBus, LocalBusSettings};
use kit::{drain::Drain, readiness::Readiness};
use mailbox_event::Naming;
use prometheus_client::registry::Registry;
use relay::{Activated, Deps, Relay, Settings, clock, settings::SpoolSettings};

use crate::{
    house::tokens,
    valve::{Door, Valve},
};

/// The folder that the process works in; says that it is relay.
pub const FOLDER: &str = "RELAY_TEST_SERVICE_FOLDER";
/// Says that the bus takes nothing.
const BUS_IS_DOWN: &str = "RELAY_TEST_BUS_IS_DOWN";

/// Is relay where the environment says so, and else the test.
pub fn or_else(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match env::var_os(FOLDER) {
        Some(folder) => runtime.block_on(serve(Path::new(&folder))),
        None => runtime.block_on(test),
    }
}

/// Runs the test of that name again as relay, with a bus that takes nothing.
pub fn start_without_bus(test: &str, folder: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(FOLDER, folder)
        .env(BUS_IS_DOWN, "yes")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Works until there is a line, or the end, on standard input.
async fn serve(folder: &Path) {
    let (bus, local): (Arc<dyn Bus>, _) = match env::var_os(BUS_IS_DOWN) {
        Some(_) => {
            let valve = Valve::new();
            valve.set(Door::Down);
            (valve.clone(), valve.inner.clone())
        }
        None => {
            let local = LocalBus::open(&folder.join("bus.db"), LocalBusSettings::default()).unwrap();
            (Arc::new(local.clone()), local)
        }
    };
    let (mut registry, drain) = (Registry::default(), Drain::new());
    let settings = Settings {
        // A socket that was passed is not bound.
        dlist: Some(folder.join("dlist")),
        spool: SpoolSettings { folder: folder.join("spool"), ..SpoolSettings::default() },
        ..Settings::default()
    };
    let deps = Deps {
        bus,
        tokens: tokens(),
        naming: Naming::new("example.org"),
        registry: &mut registry,
        gate: Readiness::new().gate("relay"),
        activated: Activated::from_env(),
        clock: clock::system,
    };
    let running = tokio::spawn(Relay::bind(settings, deps).unwrap().run(drain.clone()));
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await.unwrap().unwrap();
    drain.begin();
    running.await.unwrap().unwrap();
    local.close().await;
}
