//! The JMAP data types whose states we tell.

use crate::Counter;

/// A data type of JMAP (RFC 8620 §1.6.3) as clients name it in `types` and as `changed` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are those of the JMAP specifications")]
pub enum DataType {
    Email,
    Mailbox,
    Thread,
    EmailDelivery,
    Calendar,
    CalendarEvent,
    AddressBook,
    ContactCard,
    Contact,
    ContactGroup,
    Note,
    EmailSubmission,
    SieveScript,
    Quota,
}

impl DataType {
    /// Every one.
    pub const ALL: [Self; 14] = [
        Self::Email,
        Self::Mailbox,
        Self::Thread,
        Self::EmailDelivery,
        Self::Calendar,
        Self::CalendarEvent,
        Self::AddressBook,
        Self::ContactCard,
        Self::Contact,
        Self::ContactGroup,
        Self::Note,
        Self::EmailSubmission,
        Self::SieveScript,
        Self::Quota,
    ];

    /// The type of this name; names are case-sensitive.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|data_type| data_type.name() == name)
    }

    /// The name in JMAP.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "Email",
            Self::Mailbox => "Mailbox",
            Self::Thread => "Thread",
            Self::EmailDelivery => "EmailDelivery",
            Self::Calendar => "Calendar",
            Self::CalendarEvent => "CalendarEvent",
            Self::AddressBook => "AddressBook",
            Self::ContactCard => "ContactCard",
            Self::Contact => "Contact",
            Self::ContactGroup => "ContactGroup",
            Self::Note => "Note",
            Self::EmailSubmission => "EmailSubmission",
            Self::SieveScript => "SieveScript",
            Self::Quota => "Quota",
        }
    }

    /// The counter that is its state.
    pub fn counter(self) -> Counter {
        match self {
            Self::Email | Self::Mailbox | Self::Thread => Counter::Mail,
            Self::EmailDelivery => Counter::Delivery,
            Self::Calendar | Self::CalendarEvent => Counter::Calendar,
            Self::AddressBook | Self::ContactCard | Self::Contact | Self::ContactGroup => Counter::Contacts,
            Self::Note => Counter::Notes,
            Self::EmailSubmission => Counter::Submission,
            Self::SieveScript => Counter::Sieve,
            Self::Quota => Counter::Quota,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_found_by_its_name() {
        for data_type in DataType::ALL {
            assert_eq!(DataType::parse(data_type.name()), Some(data_type));
        }
        assert_eq!(DataType::parse("email"), None);
        assert_eq!(DataType::parse("*"), None);
    }

    #[test]
    fn every_counter_has_a_type() {
        for counter in Counter::ALL {
            assert!(DataType::ALL.iter().any(|data_type| data_type.counter() == counter), "{counter:?}");
        }
    }
}
