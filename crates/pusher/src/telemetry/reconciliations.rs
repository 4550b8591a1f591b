//! What comparing with the mail server came to.

use kit::label;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

label!(
    /// What a comparison came to.
    pub enum ReconcileOutcome {
        /// The mail server says what is known.
        Same = "same",
        /// It knew more, and that was published.
        Behind = "behind",
        /// It knows less than it did.
        Ahead = "ahead",
        /// The numbers of the account are ours.
        Incomparable = "incomparable",
        /// It refused the credential.
        Refused = "refused",
        /// It did not answer, or the bus did not take the answer.
        Failed = "failed",
    }
);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfReconciliation {
    outcome: ReconcileOutcome,
}

/// The metrics of comparing.
#[derive(Debug, Default)]
pub struct Reconciliations {
    outcomes: Family<OfReconciliation, Counter>,
    counters: Counter,
    gaps: Counter,
}

impl Reconciliations {
    pub(super) fn register(&self, to: &mut Registry) {
        // Shown from the start, so that what rises is seen to rise.
        for &outcome in ReconcileOutcome::ALL {
            drop(self.outcomes.get_or_create(&OfReconciliation { outcome }));
        }
        to.register("reconciliations", "Accounts compared with the mail server", self.outcomes.clone());
        to.register("reconciled_counters", "Counters that only the mail server knew", self.counters.clone());
        to.register("gaps", "Times that notifications were lost, as relay told", self.gaps.clone());
    }

    pub(crate) fn count(&self, outcome: ReconcileOutcome) {
        self.outcomes.get_or_create(&OfReconciliation { outcome }).inc();
    }

    pub(crate) fn moved(&self, counters: usize) {
        self.counters.inc_by(counters as u64);
    }

    pub(crate) fn gap(&self) {
        self.gaps.inc();
    }
}
