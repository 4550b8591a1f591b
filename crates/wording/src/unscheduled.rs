//! What is told of messages whose delayed sending was given up.

/// The mail server made drafts again of messages that were to be sent later (Cyrus' MessagesUnscheduled).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unscheduled {
    /// How many messages.
    pub count: u32,
}
