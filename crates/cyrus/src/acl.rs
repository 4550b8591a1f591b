//! `vnd.cmu.mailboxACL`: identifiers and rights, each followed by a tab.

use mailbox_event::{Acl, AclEntry, Rights};

/// What Cyrus gives the owner of a mailbox at the least.
const OWNERS_RIGHTS: &str = "lrswipkxtecda";

/// Reads an access control list. Entries without an identifier are left out.
pub fn parse(text: &str) -> Acl {
    let mut parts = text.split('\t');
    let mut entries = Vec::new();
    while let Some(identifier) = parts.next() {
        let rights = parts.next().unwrap_or_default();
        entries.extend(entry(identifier, rights));
    }
    Acl(entries)
}

fn entry(identifier: &str, rights: &str) -> Option<AclEntry> {
    let positive = identifier.strip_prefix('-');
    let negative = positive.is_some();
    let identifier = positive.unwrap_or(identifier);
    let entry = AclEntry { identifier: identifier.to_owned(), negative, rights: Rights(rights.to_owned()) };
    (!identifier.is_empty()).then_some(entry)
}

/// The one user who has all of an owner's rights, as the server says the user's id; `None` if there are several or none.
pub fn sole_owner(acl: &Acl) -> Option<&str> {
    let mut owners = acl.0.iter().filter(|entry| is_owner(entry));
    let owner = owners.next()?;
    owners.next().is_none().then_some(owner.identifier.as_str())
}

fn is_owner(entry: &AclEntry) -> bool {
    let is_user = !matches!(entry.identifier.as_str(), "anyone" | "anonymous")
        && !entry.identifier.starts_with("group:");
    is_user && !entry.negative && OWNERS_RIGHTS.chars().all(|right| entry.rights.has(right))
}

/// Which of two users the list speaks for: the first who has all of an owner's rights, or else any.
///
/// A mailbox's list begins with its owner, and those it is shared with come after.
pub(crate) fn likelier_owner<'a>(acl: &'a Acl, one: &str, other: &str) -> Option<&'a str> {
    let named = |entry: &&AclEntry| !entry.negative && (entry.identifier == one || entry.identifier == other);
    let mut entries = acl.0.iter().filter(named);
    let first = entries.clone().next();
    entries.find(|entry| is_owner(entry)).or(first).map(|entry| entry.identifier.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        let sign = |entry: &AclEntry| if entry.negative { "-" } else { "+" };
        parse(text).0.iter().map(|e| format!("{}{}={}", sign(e), e.identifier, e.rights.0)).collect()
    }

    #[test]
    fn lists_are_read_in_order() {
        for (text, expected) in [
            ("", vec![]),
            ("alice\tlrs\t", vec!["+alice=lrs"]),
            (
                "alice\tlrs\tgroup:staff\tl\t-bob\tw\tanyone\tp\t",
                vec!["+alice=lrs", "+group:staff=l", "-bob=w", "+anyone=p"],
            ),
            ("alice\tlrs", vec!["+alice=lrs"]),
            ("alice", vec!["+alice="]),
            ("alice\t\tbob\tl\t", vec!["+alice=", "+bob=l"]),
            ("\tlrs\tadmin\tl\t", vec!["+admin=l"]),
            ("-\tlrs\t", vec![]),
        ] {
            assert_eq!(said(text), expected, "{text:?}");
        }
    }

    #[test]
    fn only_a_single_user_with_all_rights_is_taken_for_the_owner() {
        for (text, expected) in [
            ("alice\tlrswipkxtecdan\t", Some("alice")),
            ("alice\tlrswipkxtecda\tbob\tlrs\tanyone\tlrswipkxtecda\t", Some("alice")),
            ("alice\tlrswipkxtecda\tgroup:x\tlrswipkxtecda\t-bob\tlrswipkxtecda\t", Some("alice")),
            ("alice\tlrswipkxtecda\tbob\tlrswipkxtecda\t", None),
            ("alice\tlrswipkxtecd\t", None),
            ("", None),
        ] {
            assert_eq!(sole_owner(&parse(text)), expected, "{text:?}");
        }
    }
}
