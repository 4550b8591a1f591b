//! Metrics.

use std::time::Duration;

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue},
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

/// Why a mail is never sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum DropReason {
    /// The alarm went off too long ago.
    Late,
    /// The event is over.
    EventOver,
    /// The recipient is no mail address.
    Malformed,
    /// The alarm has more recipients than one alarm may have.
    TooMany,
    /// The recipient wants none.
    Muted,
    /// It may have been sent twice and must not be sent a third time.
    Unknown,
}

impl DropReason {
    const ALL: [Self; 6] =
        [Self::Late, Self::EventOver, Self::Malformed, Self::TooMany, Self::Muted, Self::Unknown];
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: DropReason,
}

/// What notifyd counts. Clones count together.
#[derive(Debug, Clone)]
pub struct Metrics {
    pub(crate) sent: Counter,
    pub(crate) refused: Counter,
    pub(crate) ambiguous: Counter,
    pub(crate) mutes: Counter,
    dropped: Family<Reason, Counter>,
    job_seconds: Histogram,
}

impl Metrics {
    /// Puts them into `registry`.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            sent: Counter::default(),
            refused: Counter::default(),
            ambiguous: Counter::default(),
            mutes: Counter::default(),
            dropped: Family::default(),
            // From a local server's answer to a greylisting server's patience.
            job_seconds: Histogram::new(exponential_buckets(0.001, 4.0, 10)),
        };
        registry.register("notifyd_mails_sent", "Mails that the SMTP server took", metrics.sent.clone());
        registry.register("notifyd_mails_refused", "Mails refused for good", metrics.refused.clone());
        let help = "Mails sent once more because it is not known whether they were taken";
        registry.register("notifyd_mails_ambiguous", help, metrics.ambiguous.clone());
        registry.register("notifyd_mutes", "Mutes that recipients asked for", metrics.mutes.clone());
        registry.register("notifyd_mails_dropped", "Mails never sent, by reason", metrics.dropped.clone());
        // A number that is not there cannot be seen to rise.
        for reason in DropReason::ALL {
            metrics.dropped.get_or_create(&Reason { reason }).inc_by(0);
        }
        let help = "How long a run of a job took, in seconds";
        registry.register("notifyd_job_duration_seconds", help, metrics.job_seconds.clone());
        metrics
    }

    pub(crate) fn dropped(&self, reason: DropReason, count: u64) {
        self.dropped.get_or_create(&Reason { reason }).inc_by(count);
    }

    pub(crate) fn job_took(&self, time: Duration) {
        self.job_seconds.observe(time.as_secs_f64());
    }
}
