//! What a filter rule, or what became of its notifications, has to tell.

/// A short mail that is not about an event. Its words are strangers' where they are not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice<'a> {
    /// A script's `notify` (RFC 5436).
    Sieve {
        /// Whose script, as an address.
        owner: &'a str,
        /// The subject of the mail, or nothing: then that of the message counts.
        title: Option<&'a str>,
        /// What the script or its URI says.
        text: &'a str,
        /// Who the message is from.
        sender: &'a str,
        /// The message's subject.
        subject: &'a str,
    },
    /// Notifications that were merged.
    More {
        /// How many.
        count: u64,
    },
    /// There is no credit for text messages left.
    CreditEnded,
}
