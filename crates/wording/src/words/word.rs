//! The messages and their variables.

/// Makes the enum, so that no message can be asked for that the files do not have.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $id:literal [$($variable:literal),*];)*) => {
        /// A message. A test holds every file of words to this list.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Word { $($(#[$doc])* $name,)* }

        impl Word {
            /// All of them.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The message's name in the files of words.
            pub(crate) const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// What the message may use.
            pub(crate) const fn variables(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($variable),*],)* }
            }
        }
    };
}

words! {
    Subject = "subject" ["title", "start"];
    SubjectLate = "subject-late" ["title", "start"];
    NoTitle = "no-title" [];
    IsLate = "is-late" [];
    Recurring = "recurring" [];
    /// A line of plain text.
    LabelLine = "label-line" ["label", "value"];
    When = "when" [];
    WhenThere = "when-there" [];
    Where = "where" [];
    Calendar = "calendar" [];
    Organiser = "organiser" [];
    Attendees = "attendees" [];
    AttendeeUnnamed = "attendee-unnamed" [];
    AttendeeLine = "attendee-line" ["who", "status"];
    AttendeesMore = "attendees-more" ["count", "number"];
    StatusAccepted = "status-accepted" [];
    StatusDeclined = "status-declined" [];
    StatusTentative = "status-tentative" [];
    StatusDelegated = "status-delegated" [];
    StatusNeedsAction = "status-needs-action" [];
    AllDay = "all-day" ["days"];
    Days = "days" ["first", "last"];
    Point = "point" ["day", "from"];
    SameDay = "same-day" ["day", "from", "to"];
    OtherDay = "other-day" ["day", "from", "last", "to"];
    TimeWithOffset = "time-with-offset" ["time", "offset"];
    InZone = "in-zone" ["time", "zone"];
    Zone = "zone" ["city", "offset"];
    ZoneFloating = "zone-floating" [];
    ZoneUnknown = "zone-unknown" ["zone"];
    TimeUnknown = "time-unknown" [];
    TimeUnreadable = "time-unreadable" [];
    Reason = "reason" [];
    HowToStop = "how-to-stop" [];
    MuteEvent = "mute-event" [];
    MuteAll = "mute-all" [];
    UnscheduledSubject = "unscheduled-subject" ["count", "number"];
    UnscheduledText = "unscheduled-text" ["count", "number"];
    UnscheduledAdvice = "unscheduled-advice" ["count"];
    UnscheduledReason = "unscheduled-reason" [];
    MuteTitle = "mute-title" [];
    MutedNothing = "muted-nothing" [];
    MutedEvent = "muted-event" [];
    MutedAll = "muted-all" [];
    UnmuteEvent = "unmute-event" [];
    UnmuteAll = "unmute-all" [];
    MuteUnknown = "mute-unknown" [];
    MuteUnclear = "mute-unclear" [];
    MuteAway = "mute-away" [];
    SieveFrom = "sieve-from" [];
    SieveSubject = "sieve-subject" [];
    SieveReason = "sieve-reason" ["owner"];
    /// Of notifications that were merged.
    More = "more" ["count", "number"];
    MoreReason = "more-reason" [];
    CreditSubject = "credit-subject" [];
    CreditText = "credit-text" [];
}

impl Word {
    /// Whether it is said in the subject of a mail, which is one line.
    pub(crate) const fn is_of_subject(self) -> bool {
        matches!(
            self,
            Self::Subject
                | Self::SubjectLate
                | Self::NoTitle
                | Self::UnscheduledSubject
                | Self::More
                | Self::CreditSubject
        )
    }
}
