//! relay's metrics.

use std::time::Duration;

use kit::label;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use crate::spool;

/// Every number that relay tells. Clones count together.
#[derive(Debug, Clone)]
pub(crate) struct Telemetry {
    pub notifications: Family<Notification, Counter>,
    pub answer_seconds: Histogram,
    pub spool_records: Gauge,
    pub spool_octets: Gauge,
    pub spool_oldest_age_seconds: Gauge,
    pub spool_damaged: Counter,
    pub spool_errors: Counter,
    pub dropped: Family<Dropped, Counter>,
    pub quarantine_skipped: Counter,
    pub unknown: Family<Unknown, Counter>,
    pub without_counters: Counter,
    pub published: Family<Published, Counter>,
    pub conflicts: Counter,
    pub shared_left_out: Counter,
    pub bus_errors: Counter,
    pub replayed: Counter,
    pub message_files: Family<MessageFile, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Notification {
    pub form: Form,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Dropped {
    pub reason: DropReason,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Unknown {
    pub what: UnknownThing,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Published {
    pub route: Route,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct MessageFile {
    pub outcome: FileOutcome,
}

label!(
    pub(crate) enum Form {
        Dlist = "dlist",
        Datagram = "datagram",
    }
);

label!(
    /// What became of a notification at the socket.
    pub(crate) enum Outcome {
        /// In the spool; answered where an answer is waited for.
        Taken = "taken",
        /// Refused by the spool.
        Refused = "refused",
        /// No notification. What the framing does not show is noticed after it was taken.
        Malformed = "malformed",
        /// The connection ended before it said anything.
        Cut = "cut",
        /// The connection took too long.
        Stalled = "stalled",
    }
);

label!(
    pub(crate) enum DropReason {
        SpoolFull = "spool-full",
        SpoolError = "spool-error",
        /// For the spool, or for the bus.
        TooLarge = "too-large",
        /// What came of it cannot be written in the form of the bus.
        Unencodable = "unencodable",
        /// Decoding panicked on it.
        Panicked = "panicked",
    }
);

label!(
    pub(crate) enum UnknownThing {
        Class = "class",
        Event = "event",
        Key = "key",
    }
);

label!(
    pub(crate) enum Route {
        State = "state",
        Live = "live",
        Job = "job",
        /// The notification concerns nobody, or nothing is told of its kind.
        Nobody = "nobody",
        /// What it says was known.
        Unchanged = "unchanged",
    }
);

label!(
    pub(crate) enum FileOutcome {
        Read = "read",
        /// Longer than what is read; the head was kept.
        Shortened = "shortened",
        Missing = "missing",
        /// A link, a pipe, a folder.
        NotAFile = "not-a-file",
        /// Of another user than the sender.
        NotTheirs = "not-theirs",
        Unreadable = "unreadable",
        /// It was not read by the time of the answer: the file system hangs.
        Late = "late",
    }
);

/// From 10 µs to 1.3 s, each bucket twice the one before.
const ANSWER_BUCKETS: u16 = 18;

impl Telemetry {
    pub fn register(registry: &mut Registry) -> Self {
        let buckets = prometheus_client::metrics::histogram::exponential_buckets(10e-6, 2.0, ANSWER_BUCKETS);
        let this = Self {
            notifications: Family::default(),
            answer_seconds: Histogram::new(buckets),
            spool_records: Gauge::default(),
            spool_octets: Gauge::default(),
            spool_oldest_age_seconds: Gauge::default(),
            spool_damaged: Counter::default(),
            spool_errors: Counter::default(),
            dropped: Family::default(),
            quarantine_skipped: Counter::default(),
            unknown: Family::default(),
            without_counters: Counter::default(),
            published: Family::default(),
            conflicts: Counter::default(),
            shared_left_out: Counter::default(),
            bus_errors: Counter::default(),
            replayed: Counter::default(),
            message_files: Family::default(),
        };
        this.begin_at_zero();
        this.register_intake(registry);
        this.register_spool(registry);
        this.register_publishing(registry);
        this
    }

    /// A number that is not there cannot be seen to rise.
    fn begin_at_zero(&self) {
        for &form in Form::ALL {
            for &outcome in Outcome::ALL {
                self.notifications.get_or_create(&Notification { form, outcome }).inc_by(0);
            }
        }
        for &reason in DropReason::ALL {
            self.dropped.get_or_create(&Dropped { reason }).inc_by(0);
        }
        for &what in UnknownThing::ALL {
            self.unknown.get_or_create(&Unknown { what }).inc_by(0);
        }
        for &route in Route::ALL {
            self.published.get_or_create(&Published { route }).inc_by(0);
        }
        for &outcome in FileOutcome::ALL {
            self.message_files.get_or_create(&MessageFile { outcome }).inc_by(0);
        }
    }

    fn register_intake(&self, r: &mut Registry) {
        r.register(
            "relay_notifications",
            "Notifications by form and what became of them",
            self.notifications.clone(),
        );
        r.register(
            "relay_answer_seconds",
            "From accepting a connection to its answer",
            self.answer_seconds.clone(),
        );
        r.register("relay_dropped", "Notifications that were lost, by reason", self.dropped.clone());
        r.register(
            "relay_quarantine_skipped",
            "Notifications that the quarantine did not keep: too many at once, or it cannot be written",
            self.quarantine_skipped.clone(),
        );
        r.register(
            "relay_message_files",
            "Message files named by Sieve notifications",
            self.message_files.clone(),
        );
    }

    fn register_spool(&self, r: &mut Registry) {
        r.register(
            "relay_spool_records",
            "Notifications that wait to be published",
            self.spool_records.clone(),
        );
        r.register("relay_spool_bytes", "Size of the spool's files", self.spool_octets.clone());
        let oldest = self.spool_oldest_age_seconds.clone();
        r.register("relay_spool_oldest_age_seconds", "Age of the oldest notification that waits", oldest);
        r.register(
            "relay_spool_damaged",
            "Places in the spool that could not be read",
            self.spool_damaged.clone(),
        );
        r.register("relay_spool_errors", "Failed writes and syncs of the spool", self.spool_errors.clone());
        r.register("relay_replayed", "Notifications found in the spool at start", self.replayed.clone());
    }

    fn register_publishing(&self, r: &mut Registry) {
        r.register("relay_unknown", "Classes, events and keys without a meaning here", self.unknown.clone());
        r.register(
            "relay_without_counters",
            "Changes of mailboxes that told no counters: the server lacks conversations, streams are degraded",
            self.without_counters.clone(),
        );
        r.register(
            "relay_published",
            "What notifications became on the bus, by route",
            self.published.clone(),
        );
        r.register("relay_conflicts", "States that another writer stored first", self.conflicts.clone());
        r.register(
            "relay_shared_left_out",
            "States that were too large for the bus and were stored without their shared mailboxes",
            self.shared_left_out.clone(),
        );
        r.register("relay_bus_errors", "Failed calls to the bus", self.bus_errors.clone());
    }

    pub fn count(&self, form: spool::Form, outcome: Outcome) {
        self.notifications.get_or_create(&Notification { form: form.into(), outcome }).inc();
    }

    /// A change of a mailbox without counters; the first one is told to the operator.
    pub fn without_counters(&self) {
        if self.without_counters.inc() == 0 {
            tracing::warn!("Mail server sends no counters, streams are degraded; set conversations: yes");
        }
    }

    /// A state that went without its shared mailboxes; the first one is told to the operator.
    pub fn shared_left_out(&self) {
        if self.shared_left_out.inc() == 0 {
            tracing::warn!("State is too large for the bus, it goes without its shared mailboxes");
        }
    }

    pub fn dropped(&self, reason: DropReason, notifications: u64) {
        self.dropped.get_or_create(&Dropped { reason }).inc_by(notifications);
    }

    pub fn unknown(&self, what: UnknownThing, times: u64) {
        self.unknown.get_or_create(&Unknown { what }).inc_by(times);
    }

    pub fn published(&self, route: Route) {
        self.published.get_or_create(&Published { route }).inc();
    }

    pub fn message_file(&self, outcome: FileOutcome) {
        self.message_files.get_or_create(&MessageFile { outcome }).inc();
    }

    pub fn answered(&self, after: Duration) {
        self.answer_seconds.observe(after.as_secs_f64());
    }

    /// Tells how full the spool is at `now` (Unix ms).
    pub fn depth(&self, depth: spool::Depth, now: mailbox_event::UnixMillis) {
        let gauge = |gauge: &Gauge, value: u64| {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        gauge(&self.spool_records, depth.records);
        gauge(&self.spool_octets, depth.octets);
        let age = depth.oldest.map_or(0, |oldest| now.0.saturating_sub(oldest.0) / 1000);
        gauge(&self.spool_oldest_age_seconds, age);
    }
}

impl From<spool::Form> for Form {
    fn from(form: spool::Form) -> Self {
        match form {
            spool::Form::Datagram => Self::Datagram,
            spool::Form::Dlist => Self::Dlist,
        }
    }
}
