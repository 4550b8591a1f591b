//! Writing the STATE of accounts by compare-and-set.

mod cache;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bus::{Bus, BusError, PutError, Revision};
use mailbox_event::{
    Account, AccountToken, EventId,
    codec::{self, EncodeError},
};
use state::{AccountState, Observation, SharedMailboxes};

use super::unpublished::Unpublished;
use crate::telemetry::{DropReason, Route, Telemetry};
use cache::Cache;

/// Other writers of an account are few (a second host, a pusher that asked the server): so many conflicts in a row
/// mean trouble, and the merge is tried again after a wait.
const MOST_CONFLICTS: u32 = 16;

/// An account's state as the bus had it last.
#[derive(Debug, Clone)]
struct Known {
    revision: Option<Revision>,
    state: AccountState,
    /// Its length on the bus.
    octets: usize,
}

/// How a state is written: [`codec::encode`].
pub(super) type Encode = fn(&AccountState, codec::Form) -> Result<Vec<u8>, EncodeError>;

/// Writes states and remembers what was written last, so that the usual case costs one write and no read.
pub(super) struct States {
    bus: Arc<dyn Bus>,
    form: codec::Form,
    encode: Encode,
    telemetry: Telemetry,
    /// On the heap: each is taken out and put back at every change.
    cache: Mutex<Cache<AccountToken, Box<Known>>>,
}

/// Why a merge is tried again later.
#[derive(Debug, thiserror::Error)]
#[error("another writer was first, {0} times in a row")]
struct Contended(u32);

/// Why one try to store a state failed.
enum NotStored {
    /// Another writer was first.
    Conflict,
    Unpublished(Unpublished),
}

impl From<PutError> for NotStored {
    fn from(error: PutError) -> Self {
        match error {
            PutError::Conflict => Self::Conflict,
            PutError::Bus(error) => Self::Unpublished(error.into()),
        }
    }
}

impl States {
    pub fn new(bus: Arc<dyn Bus>, form: codec::Form, encode: Encode, telemetry: Telemetry) -> Self {
        Self { bus, form, encode, telemetry, cache: Mutex::default() }
    }

    /// Merges observations of one account into its state. Nothing is written where they change nothing.
    pub async fn merge(
        &self,
        account: &Account,
        token: AccountToken,
        observations: &[Observation],
        cause: EventId,
    ) -> Result<(), Unpublished> {
        // Taken out: an error leaves it unknown what the bus has.
        let mut known = self.cache().remove(&token);
        for _ in 0..MOST_CONFLICTS {
            let mut current = match known.take() {
                Some(known) => known,
                None => Box::new(self.read(account, token).await?),
            };
            match self.store(&mut current, token, observations, cause).await {
                Ok(route) => {
                    self.telemetry.published(route);
                    let octets = current.octets;
                    self.cache().insert(token, current, octets);
                    return Ok(());
                }
                Err(NotStored::Conflict) => {
                    self.telemetry.conflicts.inc();
                }
                Err(NotStored::Unpublished(Unpublished::Held(error))) => {
                    return Err(self.failed(error).into());
                }
                Err(NotStored::Unpublished(hopeless)) => return Err(hopeless),
            }
        }
        Err(self.failed(BusError::Unavailable(Box::new(Contended(MOST_CONFLICTS)))).into())
    }

    async fn read(&self, account: &Account, token: AccountToken) -> Result<Known, BusError> {
        let found = self.bus.state(token).await.map_err(|error| self.failed(error))?;
        let (revision, octets) =
            found.as_ref().map_or((None, 0), |found| (Some(found.revision), found.value.len()));
        let state = found.and_then(|found| match codec::decode(&found.value) {
            Ok(state) => Some(state),
            Err(error) => {
                tracing::error!(%error, "State on the bus cannot be read and is begun again");
                None
            }
        });
        Ok(Known { revision, state: state.unwrap_or_else(|| AccountState::new(account.clone())), octets })
    }

    /// Merges into `known` and writes it, if it changed. A state that is too large goes without its shared
    /// mailboxes: their sharees hear of them at the next change, and the owner now.
    async fn store(
        &self,
        known: &mut Known,
        token: AccountToken,
        observations: &[Observation],
        cause: EventId,
    ) -> Result<Route, NotStored> {
        // Every one is merged: `any` would stop at the first that changes something.
        let changes =
            observations.iter().filter(|observation| known.state.merge(observation).is_change()).count();
        if changes == 0 {
            return Ok(Route::Unchanged);
        }
        match self.put(known, token, cause).await {
            Err(NotStored::Unpublished(Unpublished::Hopeless(DropReason::TooLarge, _)))
                if has_shared(&known.state) =>
            {
                self.telemetry.shared_left_out();
                known.state.shared = SharedMailboxes::default();
                self.put(known, token, cause).await?;
            }
            stored => stored?,
        }
        Ok(Route::State)
    }

    async fn put(&self, known: &mut Known, token: AccountToken, cause: EventId) -> Result<(), NotStored> {
        let value =
            (self.encode)(&known.state, self.form).map_err(|error| NotStored::Unpublished(error.into()))?;
        known.octets = value.len();
        known.revision = Some(self.bus.put_state(token, value.into(), known.revision, cause).await?);
        Ok(())
    }

    fn failed(&self, error: BusError) -> BusError {
        self.telemetry.bus_errors.inc();
        error
    }

    fn cache(&self) -> MutexGuard<'_, Cache<AccountToken, Box<Known>>> {
        // Every change is one call: a thread that panicked left nothing half done.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn has_shared(state: &AccountState) -> bool {
    // Those that are no longer shared take room too, and `iter` passes over them.
    state.shared != SharedMailboxes::default()
}
