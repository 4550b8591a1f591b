//! How a server can be told to fail.

use std::collections::BTreeMap;

/// What goes wrong from here on. The default is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// Recipients that are refused, each with its reply code: 4xx for now, 5xx for good.
    pub recipients: BTreeMap<String, u16>,
    /// What happens to a message.
    pub data: DataFault,
}

/// What happens to a message after its last line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DataFault {
    /// It is kept and answered.
    #[default]
    None,
    /// It is refused with this reply code.
    Refused(u16),
    /// It is kept, and the connection closed without an answer: the client cannot know.
    HangUp,
}
