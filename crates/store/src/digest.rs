//! Names that tell nothing: SHA-256 over the parts that make two things the same one.

use std::fmt;

use mailbox_event::Account;
use sha2::{Digest as _, Sha256};

/// SHA-256 over parts, each hashed with its length before it, so that no two lists share a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn of(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self(hash.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&kit::hexadecimal::encode(self.0))
    }
}

/// What makes two effects the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EffectKey(Digest);

impl EffectKey {
    /// The key of `parts`. The same parts always give the same key.
    pub fn of(parts: &[&str]) -> Self {
        Self(Digest::of(parts))
    }

    /// Reads what `Display` wrote; nothing else is a key.
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |octet: &u8| char::from(*octet).to_digit(16).filter(|_| !octet.is_ascii_uppercase());
        let digits: Vec<u32> = text.as_bytes().iter().map(digit).collect::<Option<_>>()?;
        let mut octets = [0; 32];
        if digits.len() != 2 * octets.len() {
            return None;
        }
        for (octet, pair) in octets.iter_mut().zip(digits.chunks_exact(2)) {
            *octet = u8::try_from(pair[0] * 16 + pair[1]).ok()?;
        }
        Some(Self(Digest(octets)))
    }
}

/// 64 lower-case hexadecimal digits.
impl fmt::Display for EffectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The address that mail goes to, without saying it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecipientKey(Digest);

/// An event of a calendar with all its occurrences, without saying which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventKey(Digest);

impl RecipientKey {
    /// The key of an address; its case does not matter, for an [`Account`] has none.
    pub fn of(address: &Account) -> Self {
        Self(Digest::of(&["recipient", address.as_str()]))
    }

    /// What [`Self::octets`] gave.
    pub fn from_octets(octets: [u8; 32]) -> Self {
        Self(Digest(octets))
    }

    /// The key as octets, for where it travels.
    pub fn octets(&self) -> [u8; 32] {
        self.0.0
    }
}

impl EventKey {
    /// The key of the event with iCalendar's `uid` of `owner`. Its calendar is no part of it: events are moved.
    pub fn of(owner: &Account, uid: &str) -> Self {
        Self(Digest::of(&["event", owner.as_str(), uid]))
    }

    /// What [`Self::octets`] gave.
    pub fn from_octets(octets: [u8; 32]) -> Self {
        Self(Digest(octets))
    }

    /// The key as octets, for where it travels.
    pub fn octets(&self) -> [u8; 32] {
        self.0.0
    }
}

/// 64 lower-case hexadecimal digits.
impl fmt::Display for RecipientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// 64 lower-case hexadecimal digits.
impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_frozen() {
        let key = EffectKey::of(&["alice@example.org", "Default", "lab-1"]);
        assert_eq!(key.to_string(), "9ed6531a1555edd66784558f6e68322ac5d3497ab7d6bff3386a273540bf528d");
        assert_eq!(EffectKey::parse(&key.to_string()), Some(key));
        for text in ["", "9ed6", &key.to_string().to_uppercase(), &format!("{key}0"), &"é".repeat(32)] {
            assert_eq!(EffectKey::parse(text), None, "{text}");
        }
        let alice = Account::parse("Alice@Example.org").unwrap();
        let recipient = RecipientKey::of(&alice);
        assert_eq!(recipient.to_string(), "6c885f4646090666664346365b57a92226401beb8f486cbafbacc8494dd03832");
        assert_eq!(RecipientKey::from_octets(recipient.octets()), recipient);
        let event = EventKey::of(&alice, "lab-1");
        assert_eq!(event.to_string(), "936faca73fd8ca3d9febf8f0eee8b224d70908a94bd332a597de588ed14de2cd");
        assert_eq!(EventKey::from_octets(event.octets()), event);
    }

    #[test]
    fn moving_a_letter_to_the_next_part_makes_another_key() {
        assert_ne!(EffectKey::of(&["ab", "c"]), EffectKey::of(&["a", "bc"]));
        assert_ne!(EffectKey::of(&["a", ""]), EffectKey::of(&["a"]));
    }
}
