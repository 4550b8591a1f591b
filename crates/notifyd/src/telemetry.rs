//! Metrics.

mod posts;
mod texts;

use std::{sync::atomic::AtomicU64, time::Duration};

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use crate::dependencies::Dependency;
pub(crate) use posts::{PostMetrics, Unmade};
pub(crate) use texts::{ReceiptOutcome, TextMetrics, Untold};

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
    /// It may have been sent, again and again, and must not be sent once more.
    Unknown,
    /// A script notifies of a program's message, or of one of ours.
    Program,
}

impl DropReason {
    const ALL: [Self; 7] = [
        Self::Late,
        Self::EventOver,
        Self::Malformed,
        Self::TooMany,
        Self::Muted,
        Self::Unknown,
        Self::Program,
    ];
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: DropReason,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    dependency: Dependency,
}

/// The database and the SMTP server.
#[derive(Debug, Clone, Default)]
struct DependencyMetrics {
    up: Family<Of, Gauge>,
    outages: Family<Of, Counter>,
    away_seconds: Family<Of, Counter<f64, AtomicU64>>,
}

impl DependencyMetrics {
    fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let help = "1 while it answers, 0 while it is away";
        registry.register("notifyd_dependency_up", help, metrics.up.clone());
        registry.register("notifyd_dependency_outages", "How often it went away", metrics.outages.clone());
        let help = "How long it was away, in all outages that are over";
        registry.register("notifyd_dependency_away_seconds", help, metrics.away_seconds.clone());
        for dependency in Dependency::ALL {
            // Until the first look it is not known; a number that is not there cannot be seen to rise.
            metrics.outages.get_or_create(&Of { dependency }).inc_by(0);
            metrics.away_seconds.get_or_create(&Of { dependency }).inc_by(0.0);
        }
        metrics
    }
}

/// What notifyd counts. Clones count together.
#[derive(Debug, Clone)]
pub struct Metrics {
    pub(crate) sent: Counter,
    pub(crate) refused: Counter,
    pub(crate) ambiguous: Counter,
    pub(crate) mutes: Counter,
    pub(crate) merged: Counter,
    /// Notifications of scripts by a method that nobody here follows.
    pub(crate) unfollowed: Counter,
    pub(crate) texts: TextMetrics,
    pub(crate) posts: PostMetrics,
    dropped: Family<Reason, Counter>,
    job_seconds: Histogram,
    dependencies: DependencyMetrics,
}

impl Metrics {
    /// Puts them into `registry`.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            sent: Counter::default(),
            refused: Counter::default(),
            ambiguous: Counter::default(),
            mutes: Counter::default(),
            merged: Counter::default(),
            unfollowed: Counter::default(),
            texts: TextMetrics::register(registry),
            posts: PostMetrics::register(registry),
            dropped: Family::default(),
            // From a local server's answer to a greylisting server's patience.
            job_seconds: Histogram::new(exponential_buckets(0.001, 4.0, 10)),
            dependencies: DependencyMetrics::register(registry),
        };
        registry.register("notifyd_mails_sent", "Mails that the SMTP server took", metrics.sent.clone());
        registry.register("notifyd_mails_refused", "Mails refused for good", metrics.refused.clone());
        let help = "Mails sent once more because it is not known whether they were taken";
        registry.register("notifyd_mails_ambiguous", help, metrics.ambiguous.clone());
        registry.register("notifyd_mutes", "Mutes that recipients asked for", metrics.mutes.clone());
        let help = "Notifications over a budget, each told of in a notice";
        registry.register("notifyd_notifications_merged", help, metrics.merged.clone());
        let help = "Notifications of scripts by a method that nobody follows";
        registry.register("notifyd_notifications_unfollowed", help, metrics.unfollowed.clone());
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

    pub(crate) fn is_there(&self, dependency: Dependency) {
        self.dependencies.up.get_or_create(&Of { dependency }).set(1);
    }

    pub(crate) fn went_away(&self, dependency: Dependency) {
        self.dependencies.up.get_or_create(&Of { dependency }).set(0);
        self.dependencies.outages.get_or_create(&Of { dependency }).inc();
    }

    pub(crate) fn came_back(&self, dependency: Dependency, away_for: Duration) {
        self.dependencies.away_seconds.get_or_create(&Of { dependency }).inc_by(away_for.as_secs_f64());
    }

    pub(crate) fn job_took(&self, time: Duration) {
        self.job_seconds.observe(time.as_secs_f64());
    }
}
