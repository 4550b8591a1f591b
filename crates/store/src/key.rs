//! What makes two effects the same one.

use std::fmt;

use sha2::{Digest, Sha256};

/// SHA-256 over the parts that name an effect. The same parts always give the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EffectKey([u8; 32]);

impl EffectKey {
    /// The key of `parts`, each hashed with its length before it, so that no two lists share a text.
    pub fn of(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self(hash.finalize().into())
    }
}

/// 64 lower-case hexadecimal digits.
impl fmt::Display for EffectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_frozen() {
        let key = EffectKey::of(&["alice@example.org", "Default", "lab-1"]);
        assert_eq!(key.to_string(), "9ed6531a1555edd66784558f6e68322ac5d3497ab7d6bff3386a273540bf528d");
    }

    #[test]
    fn moving_a_letter_to_the_next_part_makes_another_key() {
        assert_ne!(EffectKey::of(&["ab", "c"]), EffectKey::of(&["a", "bc"]));
        assert_ne!(EffectKey::of(&["a", ""]), EffectKey::of(&["a"]));
    }
}
