//! The page behind the links of a mail.

/// What it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MutePage {
    /// What the reader gets no mail about now, and buttons to change it.
    Muted {
        /// The event of the mail.
        event: bool,
        /// Every alarm.
        all: bool,
        /// Whether the link promised the end of every alarm and not of this event's: that is offered first.
        is_about_all: bool,
    },
    /// The link is none.
    Unknown,
    /// The wish is none.
    Unclear,
    /// Nothing can be read or written at the moment.
    Away,
}
