//! Which credentials have open streams here, and whose they are: a refusal does not name the account.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mailbox_event::AccountToken;

use super::CredentialId;

/// As many as streams at most: none is kept without one.
#[derive(Default)]
pub struct Holders(Mutex<HashMap<CredentialId, Holder>>);

struct Holder {
    account: AccountToken,
    streams: usize,
}

/// One stream's, until it is dropped.
pub struct Hold {
    holders: Arc<Holders>,
    credential: CredentialId,
}

impl Holders {
    /// One more stream on the word of this credential.
    pub fn add(self: &Arc<Self>, credential: CredentialId, account: AccountToken) -> Hold {
        self.lock().entry(credential).or_insert(Holder { account, streams: 0 }).streams += 1;
        Hold { holders: self.clone(), credential }
    }

    /// Whose credential it is, if it has streams here.
    pub fn account(&self, credential: CredentialId) -> Option<AccountToken> {
        self.lock().get(&credential).map(|holder| holder.account)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CredentialId, Holder>> {
        // Nothing under the lock can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Entry::Occupied(mut holder) = self.holders.lock().entry(self.credential) {
            holder.get_mut().streams -= 1;
            if holder.get().streams == 0 {
                holder.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_known_as_long_as_it_has_a_stream() {
        let (holders, id, alice) =
            (Arc::new(Holders::default()), CredentialId([1; 8]), AccountToken([7; 16]));
        let (first, second) = (holders.add(id, alice), holders.add(id, alice));
        drop(first);
        assert_eq!(holders.account(id), Some(alice));
        drop(second);
        assert_eq!(holders.account(id), None);
        assert!(holders.lock().is_empty());
    }
}
