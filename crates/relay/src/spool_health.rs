//! Whether the spool takes notifications and keeps them, told once per change: to the log and to the gate.

use std::{
    io,
    sync::{Mutex, PoisonError},
};

use kit::readiness::Gate;

use crate::spool::{Depth, Refused, Spool};

/// The spool has room again when it is filled to no more than this; nearer to the limit it would flap.
const ROOM: f64 = 0.95;

/// Whether notifications are taken.
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
    /// What was taken does not reach the disk. It is in the page cache, and a write that succeeds says nothing of it.
    unsynced: bool,
    warned: bool,
    /// The gate is left alone until notifications are taken.
    opened: bool,
    /// Failed writes so far: tells whether one came while a probe was under way.
    failures: u64,
}

impl SpoolHealth {
    /// A spool that is well so far. The gate is left alone until [`Self::open`].
    pub fn new(gate: Gate, warn_at: f64) -> Self {
        let told = Told { state: State::Well, unsynced: false, warned: false, opened: false, failures: 0 };
        Self { gate, warn_at, told: Mutex::new(told) }
    }

    /// Notifications are taken from here on.
    pub fn open(&self) {
        self.with(|told| {
            told.opened = true;
            self.show(told);
        });
    }

    /// Notifications are not taken any more, whatever the spool does.
    pub fn end(&self, reason: &'static str) {
        self.with(|told| {
            told.opened = false;
            self.gate.down(reason);
        });
    }

    /// The spool refused a notification.
    pub fn refused(&self, why: &Refused) {
        match why {
            Refused::Full => self.with(|told| self.become_full(told)),
            Refused::Write(error) => self.with(|told| self.become_broken(told, error)),
            // The notification is to blame and not the spool.
            Refused::TooLarge => {}
        }
    }

    /// The spool took a notification.
    pub fn taken(&self) {
        self.with(|told| self.become_well(told));
    }

    /// What was written does not reach the disk.
    pub fn unsynced(&self, error: &io::Error) {
        self.with(|told| {
            if !std::mem::replace(&mut told.unsynced, true) {
                tracing::error!(%error, "Spool does not reach the disk, a power cut would lose notifications");
                self.show(told);
            }
        });
    }

    /// Everything that was written has reached the disk.
    pub fn synced(&self) {
        self.with(|told| {
            if std::mem::take(&mut told.unsynced) {
                tracing::info!("Spool reaches the disk again");
                self.show(told);
            }
        });
    }

    /// Looks again, from time to time: room comes back without a notification that would show it. May block.
    pub fn check(&self, spool: &Spool) {
        self.check_by(spool.depth(), || spool.probe());
    }

    /// The answer path takes the same lock, so the disk is asked outside of it.
    fn check_by(&self, depth: Depth, probe: impl FnOnce() -> io::Result<()>) {
        let (state, failures) = self.with(|told| {
            self.warn(told, depth);
            (told.state, told.failures)
        });
        let recovered = match state {
            State::Well => false,
            State::Full => filled(depth) <= ROOM,
            State::Broken => probe().is_ok(),
        };
        self.with(|told| {
            if recovered && (told.state, told.failures) == (state, failures) {
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
            tracing::error!("Spool is full, notifications are lost");
            self.show(told);
        }
    }

    fn become_broken(&self, told: &mut Told, error: &io::Error) {
        told.failures += 1;
        if told.state != State::Broken {
            told.state = State::Broken;
            tracing::error!(%error, "Spool cannot be written, notifications are lost");
            self.show(told);
        }
    }

    fn become_well(&self, told: &mut Told) {
        if told.state != State::Well {
            told.state = State::Well;
            tracing::info!("Spool takes notifications again");
            self.show(told);
        }
    }

    /// Losing notifications is worse than what might be lost.
    fn show(&self, told: &Told) {
        match told.state {
            _ if !told.opened => {}
            State::Broken => self.gate.down("spool cannot be written"),
            State::Full => self.gate.down("spool is full"),
            State::Well if told.unsynced => self.gate.down("spool does not reach the disk"),
            State::Well => self.gate.up(),
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

#[cfg(test)]
mod tests;
