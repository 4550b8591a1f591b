//! Access control lists as RFC 4314 words them.

use serde::{Deserialize, Serialize};

/// The rights of one identifier, one letter each (RFC 4314 §2.1), in the order the server gave.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rights(pub String);

impl Rights {
    /// Whether the letter is among the rights.
    pub fn has(&self, right: char) -> bool {
        self.0.contains(right)
    }
}

/// Whom an entry speaks of, and what it grants or takes away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AclEntry {
    /// A user id as the server says it, `group:x`, `anyone` or `anonymous`; without the `-` of a negative entry.
    pub identifier: String,
    /// True for an entry whose rights are taken away (RFC 4314 §2: identifier with a leading `-`).
    pub negative: bool,
    /// The letters.
    pub rights: Rights,
}

/// The whole list of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Acl(pub Vec<AclEntry>);

impl Acl {
    /// Whether anyone but `owner` (the server's own user id) is granted a right.
    pub fn is_shared_beyond(&self, owner: &str) -> bool {
        self.0.iter().any(|entry| !entry.negative && !entry.rights.0.is_empty() && entry.identifier != owner)
    }
}
