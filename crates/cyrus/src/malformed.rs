//! What can be wrong with a notification.

/// A notification that cannot be understood.
///
/// Holds none of the notification's content, so it may be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Malformed {
    /// More octets than the reader was told to take.
    #[error("notification is larger than the limit")]
    TooLarge,
    /// A datagram that ends within a field.
    #[error("datagram ends within a field")]
    Truncated,
    /// The datagram's number of options is no number.
    #[error("number of options is not a number")]
    OptionCount,
    /// More options than anyone writes (1024).
    #[error("notification has too many options")]
    TooManyOptions,
    /// A field that names a user or a file is not UTF-8.
    #[error("{0} is not UTF-8")]
    NotText(&'static str),
    /// The line of a connection does not start with `NOTIFY`.
    #[error("line is not a NOTIFY command")]
    NotNotify,
    /// Octets that are no dlist.
    #[error("dlist syntax is broken")]
    Syntax,
    /// The head of a literal is not `{n}` or `{n+}`.
    #[error("literal has a broken head")]
    Literal,
    /// Lists in lists, deeper than a notification has use for.
    #[error("lists are nested too deeply")]
    TooDeep,
    /// More values than a notification has use for.
    #[error("notification holds too many values")]
    TooManyValues,
    /// The message of class EVENT or IMIP is not a JSON object.
    #[error("message is not a JSON object")]
    NotJson,
    /// A part that this kind of notification cannot do without is absent.
    #[error("notification lacks {0}")]
    Missing(&'static str),
    /// The mailbox's URI is no `imap:` URI in UTF-8.
    #[error("mailbox URI is broken")]
    Uri,
    /// The owner or user named is no account.
    #[error("{0} is not an account")]
    NotAnAccount(&'static str),
}
