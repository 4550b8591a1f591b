//! How a server can be told to fail.

use std::collections::BTreeMap;

/// What goes wrong from here on. The default is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// Answers that say no, each with its reply code: 4xx for now, 5xx for good. A greeting that does ends the
    /// connection.
    pub refused: BTreeMap<Verb, u16>,
    /// Senders that are refused, each with its reply code; the null sender is empty.
    pub senders: BTreeMap<String, u16>,
    /// Recipients that are refused, each with its reply code.
    pub recipients: BTreeMap<String, u16>,
    /// The answer that does not come until the faults are others. What it answers has been done by then.
    pub stalled: Option<Verb>,
    /// What happens to a message.
    pub data: DataFault,
}

/// What a server answers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// The connection.
    Connect,
    /// EHLO or HELO
    Hello,
    /// MAIL FROM
    Mail,
    /// RCPT TO
    Recipient,
    /// DATA
    Data,
    /// The end of a message.
    End,
}

impl Verb {
    /// Every verb, in the order of a session.
    pub const ALL: [Self; 6] =
        [Self::Connect, Self::Hello, Self::Mail, Self::Recipient, Self::Data, Self::End];
}

/// What happens to a message after its last line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DataFault {
    /// It is kept and answered.
    #[default]
    None,
    /// It is kept, and the connection closed without an answer: the client cannot know.
    HangUp,
    /// It is not kept, and the connection closed without an answer.
    Lose,
}
