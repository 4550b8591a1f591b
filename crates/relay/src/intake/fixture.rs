//! An intake for tests.

use std::path::Path;

use kit::readiness::Readiness;
use mailbox_event::RelayId;
use prometheus_client::registry::Registry;

use super::*;
use crate::{clock, quarantine::Quarantine, spool::Limits};

/// With its spool and its quarantine in `folder`.
pub(crate) fn intake(folder: &Path) -> Intake {
    let limits = Limits { octets: 1 << 20, segment: 1 << 16 };
    let quarantine = Quarantine::open(&folder.join("quarantine"), 10, 1 << 20).unwrap();
    Intake {
        spool: Arc::new(Spool::open(&folder.join("spool"), limits, RelayId(7)).unwrap().0),
        health: Arc::new(SpoolHealth::new(Readiness::new().gate("relay"), 0.5)),
        malformed: Arc::new(Malformed::new(quarantine)),
        telemetry: Telemetry::register(&mut Registry::default()),
        gaps: Gaps::default(),
        clock: clock::system,
    }
}
