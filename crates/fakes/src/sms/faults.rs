//! How a gateway can be told to fail.

use std::time::Duration;

/// What goes wrong with one call, or with all from here on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The message is taken, and the connection closed without an answer: the client cannot know.
    LoseReply,
    /// The message is not taken, and the connection closed without an answer.
    LoseRequest,
    /// The message is taken, and the answer comes after this time.
    Late(Duration),
    /// The message is not taken, and the connection stays open without an answer.
    Silence,
    /// The message is taken, and the answer is nothing that can be read.
    Garble,
    /// The message is not taken: too many calls, in the provider's own form.
    Throttle,
    /// The message is not taken, with this status of HTTP and nothing more.
    Status(u16),
    /// As [`Self::Status`], with a field `Retry-After` of so many seconds.
    Busy {
        /// The status.
        status: u16,
        /// How long to leave it alone.
        seconds: u64,
    },
    /// The message is not taken: the recipient cannot have SMS, in the provider's own form.
    Refuse,
}

impl Fault {
    /// Whether the message is taken all the same.
    pub(super) fn takes(&self) -> bool {
        matches!(self, Self::LoseReply | Self::Late(_) | Self::Garble)
    }
}
