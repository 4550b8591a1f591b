//! relay with a spool that was filled before: from its start until all of it is published.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use bus_nats::NatsBus;
use kit::{drain::Drain, readiness::Readiness};
use mailbox_event::{Naming, RelayId};
use prometheus_client::registry::Registry;
use relay::{
    Activated, Deps, Relay, Settings, clock,
    settings::SpoolSettings,
    spool::{Form, Limits, Spool},
};
use tempfile::TempDir;

use super::work::Work;
use crate::{Outcome, server::tokens};

/// A spool that waits for its relay.
pub struct Filled {
    folder: TempDir,
}

impl Filled {
    /// Notifications of these numbers. `relay` is the identity of their sender.
    pub fn with(work: Work, numbers: std::ops::Range<usize>, relay: RelayId) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let spool = open(folder.path(), relay)?;
        for number in numbers {
            let payload = work.notification(number).into();
            drop(spool.append((clock::system)(), Form::Dlist, payload, None)?);
        }
        spool.sync()?;
        spool.close()?;
        Ok(Self { folder })
    }

    /// Has relay publish it all, and says how long that took.
    pub async fn publish(self, bus: NatsBus) -> Outcome<Duration> {
        let settings = Settings {
            dlist: Some(self.folder.path().join("dlist")),
            drain_deadline: Duration::from_mins(1),
            spool: SpoolSettings { folder: spool_folder(self.folder.path()), ..SpoolSettings::default() },
            ..Settings::default()
        };
        let deps = Deps {
            bus: Arc::new(bus),
            tokens: tokens(),
            naming: Naming::new("example.org"),
            registry: &mut Registry::default(),
            gate: Readiness::new().gate("relay"),
            activated: Activated::none(),
            clock: clock::system,
        };
        let relay = Relay::bind(settings, deps)?;
        let drain = Drain::new();
        // It ends when it has published what is there.
        drain.begin();
        let began = Instant::now();
        // On the runtime's own threads, where the program's services are.
        tokio::spawn(relay.run(drain)).await??;
        let took = began.elapsed();
        let left = open(self.folder.path(), RelayId(0))?.depth().records;
        if left > 0 { Err(format!("relay left {left} notifications").into()) } else { Ok(took) }
    }
}

fn spool_folder(folder: &Path) -> PathBuf {
    folder.join("spool")
}

fn open(folder: &Path, relay: RelayId) -> Outcome<Spool> {
    let SpoolSettings { limit, segment, .. } = SpoolSettings::default();
    Ok(Spool::open(&spool_folder(folder), Limits { octets: limit, segment }, relay)?.0)
}
