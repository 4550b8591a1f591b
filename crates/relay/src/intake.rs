//! Taking notifications: into the spool, and counted. What both forms of the socket share.

pub(crate) mod datagram;
pub(crate) mod dlist;
#[cfg(test)]
pub(crate) mod fixture;
mod malformed;

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    clock::Clock,
    gap::Gaps,
    spool::{Form, Refused, Spool, Taken},
    spool_health::SpoolHealth,
    telemetry::{DropReason, Outcome, Telemetry},
};

pub(crate) use malformed::{Exhibit, Malformed};

/// What an intake needs. Clones share.
#[derive(Debug, Clone)]
pub(crate) struct Intake {
    pub spool: Arc<Spool>,
    pub health: Arc<SpoolHealth>,
    pub malformed: Arc<Malformed>,
    pub telemetry: Telemetry,
    pub gaps: Gaps,
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
                let reason = match why {
                    Refused::Full => DropReason::SpoolFull,
                    Refused::TooLarge => DropReason::TooLarge,
                    Refused::Write(_) => DropReason::SpoolError,
                };
                self.telemetry.dropped(reason, 1);
                self.gaps.note();
                None
            }
        }
    }

    /// Counts what is no notification, and tells of it.
    pub fn tell_malformed(&self, form: Form, octets: usize, why: &dyn std::error::Error) {
        self.telemetry.count(form, Outcome::Malformed);
        self.malformed.tell(form, octets, why);
    }

    /// Keeps notifications for somebody to look at. Returns before they are written.
    pub fn quarantine(&self, exhibits: Vec<Exhibit>) {
        self.malformed.keep(exhibits, (self.clock)(), &self.telemetry);
    }
}
