//! The `types` that a client asks for (RFC 8620 §7.3).

use state::DataType;

/// The name of the one-shot event beside the data types (draft-ietf-jmap-calendars, CalendarAlert).
const CALENDAR_ALERT: &str = "CalendarAlert";

/// A set of data types, and whether calendar alerts are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Types {
    /// One bit per type, see [`bit`]: streams are many and a list would cost each an allocation.
    asked: u32,
    alerts: bool,
}

impl Types {
    /// `*`
    pub const ALL: Self = Self { asked: u32::MAX, alerts: true };

    /// Reads `*` or names with commas between. Names that are not known are ignored: the client may know more types
    /// than we do. `None` for the empty text, which asks for nothing.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "" => None,
            "*" => Some(Self::ALL),
            names => Some(names.split(',').fold(Self { asked: 0, alerts: false }, Self::with)),
        }
    }

    /// The types, in the order of [`DataType::ALL`].
    pub fn data_types(self) -> impl Iterator<Item = DataType> {
        DataType::ALL.into_iter().filter(move |data_type| self.asked & bit(*data_type) != 0)
    }

    /// Whether calendar alerts are wanted.
    pub fn has_alerts(self) -> bool {
        self.alerts
    }

    fn with(mut self, name: &str) -> Self {
        if let Some(data_type) = DataType::parse(name) {
            self.asked |= bit(data_type);
        }
        self.alerts |= name == CALENDAR_ALERT;
        self
    }
}

/// The types are fewer than the bits of the set.
fn bit(data_type: DataType) -> u32 {
    1 << data_type as u32
}
