//! Whether the spool takes notifications, told once per change: to the log and to the gate.

use std::sync::{Mutex, PoisonError};

use kit::readiness::Gate;

use crate::spool::{Depth, Refused, Spool};

/// The spool has room again when it is filled to no more than this; nearer to the limit it would flap.
const ROOM: f64 = 0.95;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Well,
    Full,
    Broken,
}

/// Remembers what was told.
#[derive(Debug)]
pub(crate) struct SpoolHealth {
    gate: Gate,
    warn_at: f64,
    told: Mutex<Told>,
}

#[derive(Debug)]
struct Told {
    state: State,
    warned: bool,
}

impl SpoolHealth {
    /// A spool that is well so far. The gate is left alone until [`Self::open`].
    pub fn new(gate: Gate, warn_at: f64) -> Self {
        Self { gate, warn_at, told: Mutex::new(Told { state: State::Well, warned: false }) }
    }

    /// Notifications are taken from here on.
    pub fn open(&self) {
        self.with(|told| {
            if told.state == State::Well {
                self.gate.up();
            }
        });
    }

    /// The spool refused a notification.
    pub fn refused(&self, why: &Refused) {
        match why {
            Refused::Full => self.with(|told| self.become_full(told)),
            Refused::Write(error) => self.broken(error),
            // The notification is to blame and not the spool.
            Refused::TooLarge => {}
        }
    }

    /// The spool took a notification.
    pub fn taken(&self) {
        self.with(|told| self.become_well(told));
    }

    /// Writing or syncing failed.
    pub fn broken(&self, error: &std::io::Error) {
        self.with(|told| {
            if told.state != State::Broken {
                told.state = State::Broken;
                self.gate.down("spool cannot be written");
                tracing::error!(%error, "Spool cannot be written, notifications are lost");
            }
        });
    }

    /// Looks again, from time to time: room comes back without a notification that would show it.
    pub fn check(&self, spool: &Spool) {
        let depth = spool.depth();
        self.with(|told| {
            self.warn(told, depth);
            let recovered = match told.state {
                State::Well => false,
                State::Full => filled(depth) <= ROOM,
                State::Broken => spool.probe().is_ok(),
            };
            if recovered {
                self.become_well(told);
            }
        });
    }

    fn warn(&self, told: &mut Told, depth: Depth) {
        let over = filled(depth) >= self.warn_at;
        if over && !told.warned {
            tracing::warn!(
                records = depth.records,
                bytes = depth.octets,
                limit = depth.limit,
                "Spool is filling up"
            );
        }
        told.warned = over;
    }

    fn become_full(&self, told: &mut Told) {
        if told.state != State::Full {
            told.state = State::Full;
            self.gate.down("spool is full");
            tracing::error!("Spool is full, notifications are lost");
        }
    }

    fn become_well(&self, told: &mut Told) {
        if told.state != State::Well {
            told.state = State::Well;
            self.gate.up();
            tracing::info!("Spool takes notifications again");
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Told) -> T) -> T {
        act(&mut self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a part of a size needs no exact digits")]
fn filled(depth: Depth) -> f64 {
    depth.octets as f64 / depth.limit.max(1) as f64
}
