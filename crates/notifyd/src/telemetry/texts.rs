//! What is counted of text messages.

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// Why somebody is not told by text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Untold {
    /// The notification is too old.
    Late,
    /// What stands there is no number.
    Malformed,
    /// The script names too many numbers.
    TooMany,
    /// The number is none that the user has shown to be theirs.
    Unverified,
    /// The number's country, kind or range may not be sent to.
    Forbidden,
    /// The user's credit has ended.
    NoCredit,
    /// There are no words for it.
    Empty,
    /// The script names another method.
    Method,
    /// The script notifies of a program's message, or of one of ours.
    Program,
    /// Nothing says how texts are sent.
    Unset,
}

impl Untold {
    const ALL: [Self; 10] = [
        Self::Late,
        Self::Malformed,
        Self::TooMany,
        Self::Unverified,
        Self::Forbidden,
        Self::NoCredit,
        Self::Empty,
        Self::Method,
        Self::Program,
        Self::Unset,
    ];
}

/// What came of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum ReceiptOutcome {
    /// The message is on its way.
    Taken,
    /// It arrived.
    Delivered,
    /// It did not arrive.
    Undelivered,
    /// It changed nothing.
    Known,
    /// It is about no message of ours.
    Stranger,
    /// The database is away.
    PutOff,
    /// Nobody proved to have sent it.
    NotAuthentic,
    /// It cannot be read.
    Unreadable,
}

impl ReceiptOutcome {
    const ALL: [Self; 8] = [
        Self::Taken,
        Self::Delivered,
        Self::Undelivered,
        Self::Known,
        Self::Stranger,
        Self::PutOff,
        Self::NotAuthentic,
        Self::Unreadable,
    ];
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: Untold,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    outcome: ReceiptOutcome,
}

/// Clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextMetrics {
    sent: Counter,
    segments: Counter,
    pub(crate) refused: Counter,
    pub(crate) unknown: Counter,
    pub(crate) miscounted: Counter,
    gateway_up: Gauge,
    untold: Family<Reason, Counter>,
    receipts: Family<Of, Counter>,
}

impl TextMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let Self { sent, segments, refused, unknown, miscounted, gateway_up, untold, receipts } = &metrics;
        // Nobody knows better until the first message.
        gateway_up.set(1);
        let help = "0 while the SMS gateway is away, or takes nothing from our account";
        registry.register("notifyd_sms_gateway_up", help, gateway_up.clone());
        registry.register("notifyd_texts_sent", "Text messages that the gateway took", sent.clone());
        registry.register("notifyd_texts_segments", "Their parts", segments.clone());
        registry.register("notifyd_texts_refused", "Text messages refused for good", refused.clone());
        let help = "Calls of the gateway of which it is not known whether it took the message";
        registry.register("notifyd_texts_unknown", help, unknown.clone());
        let help = "Text messages of which the gateway counts other parts than we do";
        registry.register("notifyd_texts_miscounted", help, miscounted.clone());
        registry.register("notifyd_texts_dropped", "Text messages never sent, by reason", untold.clone());
        registry.register("notifyd_receipts", "Receipts of text messages", receipts.clone());
        // A number that is not there cannot be seen to rise.
        for reason in Untold::ALL {
            untold.get_or_create(&Reason { reason }).inc_by(0);
        }
        for outcome in ReceiptOutcome::ALL {
            receipts.get_or_create(&Of { outcome }).inc_by(0);
        }
        metrics
    }

    pub(crate) fn gateway_is_up(&self, is_up: bool) {
        self.gateway_up.set(is_up.into());
    }

    pub(crate) fn sent(&self, segments: u32) {
        self.sent.inc();
        self.segments.inc_by(segments.into());
    }

    pub(crate) fn untold(&self, reason: Untold) {
        self.untold.get_or_create(&Reason { reason }).inc();
    }

    pub(crate) fn receipt(&self, outcome: ReceiptOutcome) {
        self.receipts.get_or_create(&Of { outcome }).inc();
    }
}
