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

impl MutePage {
    /// Every page there is, by name; of those that show how it stands, one for each sentence and each pair of buttons.
    pub const ALL: [(&'static str, Self); 8] = [
        ("nothing", Self::Muted { event: false, all: false, is_about_all: false }),
        ("nothing-yet-all", Self::Muted { event: false, all: false, is_about_all: true }),
        ("event", Self::Muted { event: true, all: false, is_about_all: false }),
        ("event-yet-all", Self::Muted { event: true, all: false, is_about_all: true }),
        ("all", Self::Muted { event: true, all: true, is_about_all: true }),
        ("unknown", Self::Unknown),
        ("unclear", Self::Unclear),
        ("away", Self::Away),
    ];
}
