//! What comes through the socket, in either form.

use crate::Malformed;

/// The most options of one notification. Sieve's `notify` is written by people, with a handful at most.
pub const MOST_OPTIONS: usize = 1024;

/// What came through the socket, before it is understood. Absent fields are empty.
///
/// Fields that say *who* ([`Notice::user`]) or *which file* ([`Notice::file_path`]) were UTF-8 on the wire, or the
/// notification was refused. In the other texts, octets that are not UTF-8 became U+FFFD.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Notice {
    /// How to tell: the server's `event_notifier`, or a Sieve script's method.
    pub method: String,
    /// EVENT, SIEVE, MAIL or IMIP; others are possible.
    pub class: String,
    /// Sieve's priority: low, normal or high.
    pub priority: String,
    /// The server's id of the recipient.
    pub user: String,
    /// The mailbox concerned, as the server says it to that user.
    pub mailbox: String,
    /// Sieve's options.
    pub options: Vec<String>,
    /// JSON or text, by class.
    pub message: Vec<u8>,
    /// The spooled message of a delivery, while the delivery lasts.
    pub file_path: Option<String>,
}

/// Says the class and sizes, never the content: a notice may end in a log by way of `{:?}`.
impl std::fmt::Debug for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notice")
            .field("class", &self.class)
            .field("options", &self.options.len())
            .field("message_octets", &self.message.len())
            .finish_non_exhaustive()
    }
}

/// A text that must be exact, for it decides about an account or a file.
pub(crate) fn exact(octets: impl Into<Vec<u8>>, field: &'static str) -> Result<String, Malformed> {
    String::from_utf8(octets.into()).map_err(|_| Malformed::NotText(field))
}

/// A text that people read.
pub(crate) fn readable(octets: impl Into<Vec<u8>>) -> String {
    String::from_utf8(octets.into())
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
