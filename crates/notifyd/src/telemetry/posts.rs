//! What is counted of POSTs.

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue},
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

/// Why something is not posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Unmade {
    /// The notification is too old.
    Late,
    /// The host is not allowed.
    Host,
    /// The script names another method.
    Method,
    /// The script notifies of a program's message, or of one of ours.
    Program,
    /// Nothing says that anything may be posted.
    Unset,
}

impl Unmade {
    const ALL: [Self; 5] = [Self::Late, Self::Host, Self::Method, Self::Program, Self::Unset];
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: Unmade,
}

/// POSTs of Sieve scripts.
#[derive(Debug, Clone, Default)]
pub(crate) struct PostMetrics {
    pub(crate) sent: Counter,
    pub(crate) refused: Counter,
    pub(crate) put_off: Counter,
    unmade: Family<Reason, Counter>,
}

impl PostMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let Self { sent, refused, put_off, unmade } = &metrics;
        registry.register("notifyd_posts_sent", "POSTs that a host took", sent.clone());
        registry.register("notifyd_posts_refused", "POSTs that a host refused for good", refused.clone());
        let help = "Attempts to POST that a host did not take, or did not answer";
        registry.register("notifyd_posts_put_off", help, put_off.clone());
        registry.register("notifyd_posts_dropped", "POSTs never made, by reason", unmade.clone());
        // A number that is not there cannot be seen to rise.
        for reason in Unmade::ALL {
            unmade.get_or_create(&Reason { reason }).inc_by(0);
        }
        metrics
    }

    pub(crate) fn unmade(&self, reason: Unmade) {
        self.unmade.get_or_create(&Reason { reason }).inc();
    }
}
