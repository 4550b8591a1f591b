//! Taking notifications: into the spool, and counted. What both forms of the socket share.

pub(crate) mod datagram;
pub(crate) mod dlist;

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    clock::Clock,
    quarantine::Quarantine,
    spool::{Form, Refused, Spool, Taken},
    spool_health::SpoolHealth,
    telemetry::{DropReason, Outcome, Telemetry},
};

/// What an intake needs. Clones share.
#[derive(Debug, Clone)]
pub(crate) struct Intake {
    pub spool: Arc<Spool>,
    pub health: Arc<SpoolHealth>,
    pub quarantine: Arc<Quarantine>,
    pub telemetry: Telemetry,
    pub clock: Clock,
}

impl Intake {
    /// Spools a notification. A refused one is counted and lost: Cyrus must not wait, and does not try again.
    pub fn take(&self, form: Form, payload: Bytes, message: Option<Bytes>) -> Option<Taken<'_>> {
        match self.spool.append((self.clock)(), form, payload, message) {
            Ok(taken) => {
                self.health.taken();
                self.telemetry.count(form, Outcome::Taken);
                Some(taken)
            }
            Err(why) => {
                self.health.refused(&why);
                self.telemetry.count(form, Outcome::Refused);
                self.telemetry.dropped(match why {
                    Refused::Full => DropReason::SpoolFull,
                    Refused::TooLarge => DropReason::TooLarge,
                    Refused::Write(_) => DropReason::SpoolError,
                });
                None
            }
        }
    }

    /// Counts what is no notification, and keeps it.
    pub fn malformed(&self, form: Form, octets: Bytes, why: &dyn std::error::Error) {
        tracing::warn!(?form, bytes = octets.len(), error = %why, "Malformed notification");
        self.telemetry.malformed(form);
        self.quarantine(form, octets);
    }

    /// Keeps a notification for somebody to look at. Returns before it is written.
    pub fn quarantine(&self, form: Form, octets: Bytes) {
        let (quarantine, at) = (Arc::clone(&self.quarantine), (self.clock)());
        tokio::task::spawn_blocking(move || {
            if let Err(error) = quarantine.put(at, form, &octets) {
                tracing::warn!(%error, "Quarantine cannot be written");
            }
        });
    }
}
