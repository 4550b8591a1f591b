//! What pusher counts.

mod reconciliations;

use std::time::{Duration, Instant};

use kit::label;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use crate::frame::FrameKind;

pub use reconciliations::{ReconcileOutcome, Reconciliations};

/// 0.1 ms to 3 s: from what the bus adds to what a person notices.
const LATENCY_BUCKETS: [f64; 10] = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0];

label!(
    /// What became of a credential.
    pub enum CredentialOutcome {
        /// It opens streams.
        Accepted = "accepted",
        /// It does not.
        Refused = "refused",
        /// There was none.
        Missing = "missing",
        /// Nobody could say.
        Unverifiable = "unverifiable",
    }
);

label!(
    /// What a question to the mail server came to.
    pub enum UpstreamOutcome {
        /// It answered.
        Answered = "answered",
        /// It said that the credential is wrong.
        Refused = "refused",
        /// It did not answer, or nonsense.
        Failed = "failed",
        /// Too many questions were under way.
        Crowded = "crowded",
    }
);

label!(
    /// A bound that is not the node's.
    pub enum Limit {
        /// The streams of an account.
        Account = "account",
        /// The streams of an address.
        Address = "address",
        /// The connections of an address.
        Connections = "connections",
    }
);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfLimit {
    limit: Limit,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: KindLabel,
}

label!(
    enum KindLabel {
        State = "state",
        Alert = "alert",
        Missed = "missed",
        Ping = "ping",
        Retry = "retry",
        Comment = "comment",
    }
);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfCredential {
    outcome: CredentialOutcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfUpstream {
    outcome: UpstreamOutcome,
}

/// The metrics of a pusher.
#[derive(Debug)]
pub struct Telemetry {
    streams: Gauge,
    streams_opened: Counter,
    streams_turned_away: Counter,
    over_limit: Family<OfLimit, Counter>,
    connections: Gauge,
    frames: Family<Kind, Counter>,
    merged: Counter,
    undecodable: Counter,
    bus_failures: Counter,
    credentials: Family<OfCredential, Counter>,
    tickets: Counter,
    session_checks: Family<OfUpstream, Counter>,
    state_questions: Family<OfUpstream, Counter>,
    reconciliations: Reconciliations,
    latency: Histogram,
    drains: Counter,
}

impl Telemetry {
    /// Registers everything under `pusher_`.
    pub fn new(registry: &mut Registry) -> Self {
        let this = Self {
            streams: Gauge::default(),
            streams_opened: Counter::default(),
            streams_turned_away: Counter::default(),
            over_limit: Family::default(),
            connections: Gauge::default(),
            frames: Family::default(),
            merged: Counter::default(),
            undecodable: Counter::default(),
            bus_failures: Counter::default(),
            credentials: Family::default(),
            tickets: Counter::default(),
            session_checks: Family::default(),
            state_questions: Family::default(),
            reconciliations: Reconciliations::default(),
            latency: Histogram::new(LATENCY_BUCKETS),
            drains: Counter::default(),
        };
        this.begin_at_zero();
        this.register_streams(registry.sub_registry_with_prefix("pusher"));
        this.register_questions(registry.sub_registry_with_prefix("pusher"));
        this.reconciliations.register(registry.sub_registry_with_prefix("pusher"));
        this
    }

    /// A number that is not there cannot be seen to rise.
    fn begin_at_zero(&self) {
        for &limit in Limit::ALL {
            drop(self.over_limit.get_or_create(&OfLimit { limit }));
        }
        for &kind in KindLabel::ALL {
            drop(self.frames.get_or_create(&Kind { kind }));
        }
        for &outcome in CredentialOutcome::ALL {
            drop(self.credentials.get_or_create(&OfCredential { outcome }));
        }
        for &outcome in UpstreamOutcome::ALL {
            drop(self.session_checks.get_or_create(&OfUpstream { outcome }));
            drop(self.state_questions.get_or_create(&OfUpstream { outcome }));
        }
    }

    fn register_streams(&self, to: &mut Registry) {
        to.register("streams", "Open streams", self.streams.clone());
        to.register("streams_opened", "Streams opened", self.streams_opened.clone());
        to.register("streams_turned_away", "Streams asked to come back", self.streams_turned_away.clone());
        to.register("over_limit", "Requests of who has too many streams", self.over_limit.clone());
        to.register("connections", "Open connections", self.connections.clone());
        to.register("frames", "Frames written", self.frames.clone());
        to.register("updates_merged", "Updates that a later one made needless", self.merged.clone());
        to.register("latency_seconds", "From hearing an update to its frame", self.latency.clone());
        to.register("drains", "Times that all streams were asked to leave", self.drains.clone());
    }

    fn register_questions(&self, to: &mut Registry) {
        to.register("undecodable", "Messages that could not be decoded", self.undecodable.clone());
        to.register("bus_failures", "Calls that the bus did not answer", self.bus_failures.clone());
        to.register("credentials", "Credentials by outcome", self.credentials.clone());
        to.register("tickets", "Tickets given out", self.tickets.clone());
        to.register("session_checks", "Credentials shown to the mail server", self.session_checks.clone());
        to.register("state_questions", "States asked of the mail server", self.state_questions.clone());
    }

    pub(crate) fn stream_opened(&self) {
        self.streams.inc();
        self.streams_opened.inc();
    }

    pub(crate) fn stream_closed(&self) {
        self.streams.dec();
    }

    pub(crate) fn turned_away(&self) {
        self.streams_turned_away.inc();
    }

    pub(crate) fn over_limit(&self, limit: Limit) {
        self.over_limit.get_or_create(&OfLimit { limit }).inc();
    }

    pub(crate) fn connection_opened(&self) {
        self.connections.inc();
    }

    pub(crate) fn connection_closed(&self) {
        self.connections.dec();
    }

    pub(crate) fn written(&self, kind: FrameKind) {
        self.frames.get_or_create(&Kind { kind: kind.into() }).inc();
    }

    pub(crate) fn merged(&self, updates: u64) {
        self.merged.inc_by(updates);
    }

    pub(crate) fn latency(&self, heard_at: Instant, now: Instant) {
        let elapsed: Duration = now.saturating_duration_since(heard_at);
        self.latency.observe(elapsed.as_secs_f64());
    }

    pub(crate) fn undecodable(&self) {
        self.undecodable.inc();
    }

    pub(crate) fn bus_failed(&self) {
        self.bus_failures.inc();
    }

    pub(crate) fn credential(&self, outcome: CredentialOutcome) {
        self.credentials.get_or_create(&OfCredential { outcome }).inc();
    }

    pub(crate) fn ticket_given(&self) {
        self.tickets.inc();
    }

    pub(crate) fn session_check(&self, outcome: UpstreamOutcome) {
        self.session_checks.get_or_create(&OfUpstream { outcome }).inc();
    }

    pub(crate) fn state_question(&self, outcome: UpstreamOutcome) {
        self.state_questions.get_or_create(&OfUpstream { outcome }).inc();
    }

    pub(crate) fn reconciliations(&self) -> &Reconciliations {
        &self.reconciliations
    }

    pub(crate) fn drained(&self) {
        self.drains.inc();
    }
}

impl From<FrameKind> for KindLabel {
    fn from(kind: FrameKind) -> Self {
        match kind {
            FrameKind::State => Self::State,
            FrameKind::Alert => Self::Alert,
            FrameKind::Missed => Self::Missed,
            FrameKind::Ping => Self::Ping,
            FrameKind::Retry => Self::Retry,
            FrameKind::Comment => Self::Comment,
        }
    }
}
