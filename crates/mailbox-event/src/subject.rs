//! Subjects of the bus, and the tokens that stand in them for accounts. Both are frozen by a golden test.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::Account;

/// How many shards the accounts are spread over. Never changes.
pub const SHARDS: u8 = 64;

/// One of the [`SHARDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shard(pub u8);

/// Two decimal digits.
impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

/// An account on the bus: the first 128 bits of a keyed hash, so that subjects hold no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountToken(pub [u8; 16]);

impl AccountToken {
    /// The shard the account belongs to.
    pub fn shard(self) -> Shard {
        Shard(self.0[0] % SHARDS)
    }
}

/// 32 lower-case hexadecimal digits.
impl fmt::Display for AccountToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // As one number: every message on the bus is named by it, and sixteen writes take a tenth of relay's time.
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// Makes [`AccountToken`]s: HMAC-SHA-256 under the installation's key, cut to 128 bits.
#[derive(Clone)]
pub struct AccountTokens {
    mac: Hmac<Sha256>,
}

impl AccountTokens {
    /// All programs of an installation must be given the same key.
    pub fn new(key: &[u8]) -> Self {
        Self { mac: Hmac::new_from_slice(key).expect("HMAC takes keys of any length") }
    }

    /// The token of `account`.
    pub fn token(&self, account: &Account) -> AccountToken {
        let mut mac = self.mac.clone();
        mac.update(account.as_str().as_bytes());
        let digest = mac.finalize().into_bytes();
        let mut token = [0; 16];
        token.copy_from_slice(&digest[..16]);
        AccountToken(token)
    }
}

/// `state.<shard>.<account>`
pub fn state(account: AccountToken) -> String {
    format!("state.{}.{account}", account.shard())
}

/// `ev.<shard>.<account>.<kind>`
pub fn event(account: AccountToken, kind: &str) -> String {
    format!("ev.{}.{account}.{kind}", account.shard())
}

/// `job.<urgency>.<kind>.<account>`
pub fn job(urgency: &str, kind: &str, account: AccountToken) -> String {
    format!("job.{urgency}.{kind}.{account}")
}
