//! The way out: one piece of work, and what the bus says to it.

use std::sync::Arc;

use bus::Bus;
use mailbox_event::RelayId;

use super::{
    board::{Piece, Work},
    states::States,
    unpublished::Unpublished,
};
use crate::telemetry::{Route, Telemetry};

/// Publishes pieces of work, many side by side.
pub(super) struct Outlet {
    pub bus: Arc<dyn Bus>,
    pub states: States,
    pub relay: RelayId,
    pub telemetry: Telemetry,
}

impl Outlet {
    /// Publishes a piece and gives it back; an error means that it may not be published.
    pub async fn publish(&self, piece: Piece) -> (Piece, Result<(), Unpublished>) {
        let outcome = match &piece.work {
            Work::Merge(merge) => {
                let (cause, observations) = (merge.cause(self.relay), merge.observations());
                self.states.merge(merge.account(), piece.account, observations, cause).await
            }
            Work::Dispatch(message, keys) => {
                let dispatched = self.bus.dispatch(message.clone(), keys).await;
                self.count(message.topic.job().is_some(), &dispatched);
                dispatched.map_err(Unpublished::from)
            }
        };
        (piece, outcome)
    }

    fn count(&self, is_job: bool, dispatched: &Result<(), bus::BusError>) {
        match dispatched {
            Ok(()) => self.telemetry.published(if is_job { Route::Job } else { Route::Live }),
            // The message is to blame and not the bus; it is counted as dropped.
            Err(bus::BusError::TooLarge { .. }) => {}
            Err(_) => {
                self.telemetry.bus_errors.inc();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_future<'a, F: Future>(_: fn(&'a Outlet, Piece) -> F) -> usize {
        size_of::<F>()
    }

    /// glibc keeps freed blocks of up to 1032 octets at hand; a larger one takes it several times as long.
    #[test]
    fn a_piece_under_way_is_small() {
        let size = size_of_future(Outlet::publish);
        assert!(size <= 900, "{size} octets");
    }
}
