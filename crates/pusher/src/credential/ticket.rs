//! A ticket and its tag, as texts.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// A stream's ticket, as it stands in a URL. Never shown: until it is used it opens a stream.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket(String);

/// What a client that has used a ticket shows with it when it comes back. It travels in event ids, so it is never in a
/// URL nor in the log of a proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct Tag(String);

/// The SHA-256 of one of them. Both are drawn at random and long, so a hash without a key can be kept.
pub type Hash = [u8; 32];

const TICKET_OCTETS: usize = 32;
const TAG_OCTETS: usize = 16;

impl Ticket {
    /// From random octets.
    pub fn of(random: [u8; TICKET_OCTETS]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random))
    }

    /// Reads one from a request; `None`: no text that was ever given out.
    pub fn parse(text: &str) -> Option<Self> {
        parse(text, TICKET_OCTETS).map(Self)
    }

    /// The text that a client is given.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What it is kept under.
    pub fn hash(&self) -> Hash {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl Tag {
    /// From random octets.
    pub fn of(random: [u8; TAG_OCTETS]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random))
    }

    /// Reads one from an event id.
    pub fn parse(text: &str) -> Option<Self> {
        parse(text, TAG_OCTETS).map(Self)
    }

    /// The text for an event id: letters, digits, `-` and `_`.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> Hash {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ticket(..)")
    }
}

impl std::fmt::Debug for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tag(..)")
    }
}

/// One text for each value: what decodes to the right length and encodes to the same again.
fn parse(text: &str, octets: usize) -> Option<String> {
    let read = URL_SAFE_NO_PAD.decode(text).ok()?;
    (read.len() == octets).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_read_back_and_are_hidden(random in any::<[u8; 32]>()) {
            let ticket = Ticket::of(random);
            prop_assert_eq!(Ticket::parse(ticket.expose()), Some(ticket.clone()));
            prop_assert_eq!(format!("{ticket:?}"), "Ticket(..)");
            prop_assert_eq!(Tag::parse(ticket.expose()), None);
        }

        #[test]
        fn nothing_else_is_read(text in "(?s).{0,60}") {
            if let Some(ticket) = Ticket::parse(&text) {
                prop_assert_eq!(ticket.expose(), &text);
                prop_assert_eq!(text.len(), 43);
            }
        }
    }
}
