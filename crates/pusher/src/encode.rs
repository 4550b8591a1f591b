//! How a stream says what moved: one hub, two forms.

mod alert;
mod events;
mod jmap;
mod types;

use state::{AccountState, Counter};

pub use alert::calendar_alert;
pub use types::Types;

/// The form of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encoding {
    /// `/events/`: three modseqs.
    Events,
    /// `/jmap/eventsource/` (RFC 8620 §7.3): the states of the types that were asked for.
    Jmap(Types),
}

/// Which counters a client is to be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told<'a> {
    /// All that is known: the client has nothing that it could be compared with.
    All,
    /// These moved since.
    Moved(&'a [Counter]),
}

impl Encoding {
    /// The name of the event that carries states.
    pub fn event_name(&self) -> &'static str {
        match self {
            Self::Events => "push",
            Self::Jmap(_) => "state",
        }
    }

    /// The data of that event; `None` if nothing that this stream shows is to be told.
    pub fn data(&self, state: &AccountState, account_id: &str, told: Told<'_>) -> Option<String> {
        match self {
            Self::Events => events::data(state, told),
            Self::Jmap(types) => jmap::data(state, account_id, types, told),
        }
    }

    /// Whether calendar alerts are shown.
    pub fn shows_alerts(&self) -> bool {
        match self {
            Self::Events => true,
            Self::Jmap(types) => types.has_alerts(),
        }
    }
}

impl Told<'_> {
    fn includes(self, counter: Counter) -> bool {
        match self {
            Self::All => true,
            Self::Moved(moved) => moved.contains(&counter),
        }
    }
}
