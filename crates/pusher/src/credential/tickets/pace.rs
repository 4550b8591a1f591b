//! How many tickets an account is given in a minute: what the bus keeps is bounded for all accounts together, and one of
//! them must not use it up.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use mailbox_event::{Account, UnixMillis};

const MINUTE: u64 = 60_000;

/// Accounts in a minute; those beyond wait for the next. 100,000 of them are about 20 MB.
const MOST_ACCOUNTS: usize = 100_000;

/// Counts for this node alone.
pub(super) struct MintPace {
    per_minute: u32,
    minute: Mutex<Minute>,
}

#[derive(Default)]
struct Minute {
    number: u64,
    given: HashMap<Account, u32>,
}

impl MintPace {
    pub(super) fn new(per_minute: u32) -> Self {
        Self { per_minute, minute: Mutex::default() }
    }

    /// Counts one, if the account may have it.
    pub(super) fn allows(&self, account: &Account, now: UnixMillis) -> bool {
        // Each change under the lock is complete before anything in it can panic.
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let number = now.0 / MINUTE;
        if minute.number != number {
            *minute = Minute { number, given: HashMap::new() };
        }
        if minute.given.len() >= MOST_ACCOUNTS && !minute.given.contains_key(account) {
            return false;
        }
        let given = minute.given.entry(account.clone()).or_default();
        let is_allowed = *given < self.per_minute;
        *given += u32::from(is_allowed);
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_account_has_its_own_number_in_each_minute() {
        let pace = MintPace::new(2);
        let account = |text| Account::parse(text).unwrap();
        let (alice, bob) = (account("alice@example.org"), account("bob@example.org"));
        let now = UnixMillis(MINUTE);
        let said = [&alice, &alice, &alice, &bob].map(|account| pace.allows(account, now));
        assert_eq!(said, [true, true, false, true]);
        assert!(pace.allows(&alice, UnixMillis(2 * MINUTE)));
    }
}
