//! Accounts and the one place where user ids are converted to them.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// A mail account in canonical form: lower-case `user@domain`.
///
/// Cheap to clone. At most 320 octets; holds no white space and no control characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Account(Arc<str>);

/// Why a text is no account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAccount {
    /// There is no `user` or no `domain` part.
    #[error("account is not of the form user@domain")]
    Form,
    /// Longer than 320 octets (RFC 3696 erratum 1690).
    #[error("account is longer than 320 octets")]
    Length,
    /// White space or control characters.
    #[error("account holds white space or control characters")]
    Character,
}

const LONGEST_ACCOUNT: usize = 320;

impl Account {
    /// Reads `user@domain` in any case.
    pub fn parse(text: &str) -> Result<Self, InvalidAccount> {
        if text.len() > LONGEST_ACCOUNT {
            return Err(InvalidAccount::Length);
        }
        // Some letters are longer in lower case, and what was written must be read again.
        let text = text.to_lowercase();
        if text.len() > LONGEST_ACCOUNT {
            return Err(InvalidAccount::Length);
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(InvalidAccount::Character);
        }
        match text.rsplit_once('@') {
            Some((user, domain)) if !user.is_empty() && !domain.is_empty() => Ok(Self(text.into())),
            _ => Err(InvalidAccount::Form),
        }
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the last `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The part before the last `@`.
    pub fn user(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(user, _)| user)
    }
}

/// Hides the address: accounts must not reach a log by way of `{:?}`.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Account(..)")
    }
}

impl TryFrom<String> for Account {
    type Error = InvalidAccount;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Account> for String {
    fn from(account: Account) -> Self {
        account.0.as_ref().to_owned()
    }
}

/// How a mail server names its users.
///
/// Cyrus says `alice` for alice@example.org when example.org is its `defaultdomain`; the bus always says
/// `alice@example.org`. This type is the only place that converts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    default_domain: String,
}

impl Naming {
    /// `default_domain` is imapd.conf's `defaultdomain`.
    pub fn new(default_domain: &str) -> Self {
        Self { default_domain: default_domain.to_lowercase() }
    }

    /// The account that the server means by `user_id`.
    pub fn account(&self, user_id: &str) -> Result<Account, InvalidAccount> {
        if user_id.contains('@') {
            Account::parse(user_id)
        } else {
            Account::parse(&format!("{user_id}@{}", self.default_domain))
        }
    }

    /// What the server calls `account`: JMAP's accountId and username in Cyrus.
    pub fn user_id<'a>(&self, account: &'a Account) -> &'a str {
        if account.domain() == self.default_domain { account.user() } else { account.as_str() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_domain_is_added_and_taken_away() {
        let naming = Naming::new("Example.org");
        let alice = naming.account("Alice").unwrap();
        assert_eq!(alice.as_str(), "alice@example.org");
        assert_eq!(naming.user_id(&alice), "alice");
        let erin = naming.account("erin@example.com").unwrap();
        assert_eq!(naming.user_id(&erin), "erin@example.com");
    }

    #[test]
    fn texts_that_are_no_account_are_refused() {
        for text in ["", "alice", "@example.org", "alice@", "al ice@example.org", "alice@exam\nple.org"] {
            assert!(Account::parse(text).is_err(), "{text:?}");
        }
        for user in ["a".repeat(400), "Ⱥ".repeat(159)] {
            assert_eq!(Account::parse(&format!("{user}@x")), Err(InvalidAccount::Length));
        }
    }

    #[test]
    fn debug_shows_no_address() {
        assert_eq!(format!("{:?}", Account::parse("alice@example.org").unwrap()), "Account(..)");
    }
}
