//! States that were decided upon in memory and are on their way to the file.
//!
//! Who puts a state is told at once whether it was first, and its listeners hear it at once; the writer's thread stores
//! what came in the meantime. What is not stored yet stands before what is known of the file: for those who read, and for
//! the next compare-and-set.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bus::{BusError, Revision, Versioned};
use bytes::Bytes;
use mailbox_event::AccountToken;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::known::{Known, State};

/// Tells the caller of a put, once it is stored or lost.
pub(crate) type Waiter = oneshot::Sender<Result<(), BusError>>;

/// See the module.
pub(crate) struct Ahead {
    states: Mutex<States>,
    known: Arc<Known>,
    /// Puts that are worth a transaction at once.
    full: usize,
}

struct States {
    /// Not yet with the writer.
    coming: HashMap<AccountToken, Leaving>,
    /// How many puts are among them; several may be of one account.
    puts: usize,
    /// With the writer.
    leaving: HashMap<AccountToken, Versioned>,
    /// The highest revision of a state that was lost. Some may still know that state by it, so it names no other.
    lost: Revision,
    is_open: bool,
}

/// The last state of an account, and who waits for it or one before it.
pub(crate) struct Leaving {
    pub(crate) state: Versioned,
    /// What the file has to have, or it is another program's doing.
    pub(crate) base: Option<Revision>,
    waiters: Vec<(Waiter, Option<Place>)>,
}

/// A place in the writer's queue, until this is dropped.
pub(crate) type Place = OwnedSemaphorePermit;

/// A compare-and-set.
pub(crate) struct Put {
    pub(crate) account: AccountToken,
    pub(crate) value: Bytes,
    pub(crate) expected: Option<Revision>,
}

/// A put that only the file can judge, and the place that it has.
pub(crate) struct Undecided {
    pub(crate) put: Put,
    pub(crate) place: Place,
}

/// A put that was first. Its state can be read from now on.
pub(crate) struct Accepted {
    pub(crate) revision: Revision,
    /// Ends without a word when the bus ends.
    pub(crate) stored: oneshot::Receiver<Result<(), BusError>>,
    /// Whether the writer is to be woken.
    pub(crate) is_news: bool,
}

/// Why a put was not accepted.
pub(crate) enum Refused {
    /// Somebody else was first.
    Conflict,
    /// The bus is closed.
    Closed,
}

impl Ahead {
    /// `full`: so many puts wait no longer for others.
    pub(crate) fn new(known: Arc<Known>, full: usize) -> Self {
        let states = States {
            coming: HashMap::new(),
            puts: 0,
            leaving: HashMap::new(),
            lost: Revision(0),
            is_open: true,
        };
        Self { states: Mutex::new(states), known, full }
    }

    /// The state of an account, if it is known without the file.
    pub(crate) fn state(&self, account: AccountToken) -> Option<State> {
        let states = self.lock();
        states.latest(account).cloned().map(Some).or_else(|| self.known.states.get(account))
    }

    /// The state of an account that the file has as `read`. For the writer's thread alone.
    pub(crate) fn state_after(&self, account: AccountToken, read: State) -> State {
        self.lock().latest(account).cloned().or(read)
    }

    /// Decides upon a put, where the state of its account is known without the file. `place` is held until the put is with
    /// the writer.
    pub(crate) fn put(&self, put: Put, place: Place) -> Result<Result<Accepted, Refused>, Undecided> {
        let states = self.lock();
        let latest = states.latest(put.account).map(|state| Some(state.revision));
        match latest.or_else(|| self.known.states.revision(put.account)) {
            Some(found) => Ok(self.judge(states, put, found, Some(place))),
            None => Err(Undecided { put, place }),
        }
    }

    /// Decides upon a put whose account the file has as `read`. For the writer's thread alone, which needs no place.
    pub(crate) fn put_after(&self, put: Put, read: &State) -> Result<Accepted, Refused> {
        let states = self.lock();
        let latest = states.latest(put.account).map(|state| Some(state.revision));
        let found = latest.unwrap_or_else(|| read.as_ref().map(|state| state.revision));
        self.judge(states, put, found, None)
    }

    fn judge(
        &self,
        mut states: MutexGuard<'_, States>,
        put: Put,
        found: Option<Revision>,
        place: Option<Place>,
    ) -> Result<Accepted, Refused> {
        if !states.is_open {
            return Err(Refused::Closed);
        }
        if found != put.expected {
            return Err(Refused::Conflict);
        }
        let last = found.unwrap_or(Revision(0)).max(states.lost);
        let revision = Revision(last.0.saturating_add(1));
        let (waiter, stored) = oneshot::channel();
        let state = Versioned { revision, value: put.value };
        states.accept(put.account, (found, state), (waiter, place));
        let is_news = states.puts == 1 || states.puts == self.full;
        Ok(Accepted { revision, stored, is_news })
    }

    /// Whether there is something to store.
    pub(crate) fn is_waiting(&self) -> bool {
        self.lock().puts > 0
    }

    /// Whether there is enough to store that others need not be waited for.
    pub(crate) fn is_full(&self) -> bool {
        self.lock().puts >= self.full
    }

    /// What is to be stored. The writer's thread takes it, and says by [`Self::settle`] what became of it before it
    /// takes more.
    pub(crate) fn take(&self) -> HashMap<AccountToken, Leaving> {
        let mut states = self.lock();
        states.puts = 0;
        let mut taken = std::mem::take(&mut states.coming);
        states.leaving.extend(taken.iter().map(|(account, leaving)| (*account, leaving.state.clone())));
        taken.values_mut().flat_map(|leaving| &mut leaving.waiters).for_each(|(_, place)| *place = None);
        taken
    }

    /// Accepts no put from now on.
    pub(crate) fn close(&self) {
        self.lock().is_open = false;
    }

    /// Forgets what was taken: it is stored and known, or lost. A lost state takes with it what is known of its
    /// account, so that the file is asked, and the states that were to follow it. Gives back those who are to be told.
    pub(crate) fn settle(
        &self,
        taken: HashMap<AccountToken, Leaving>,
        is_lost: impl Fn(AccountToken) -> bool,
    ) -> Settled {
        let mut settled = Settled::default();
        let mut states = self.lock();
        states.leaving.clear();
        for (account, leaving) in taken {
            if !is_lost(account) {
                settled.stored.extend(leaving.into_waiters());
                continue;
            }
            let followers = states.coming.remove(&account);
            states.puts -= followers.as_ref().map_or(0, |followers| followers.waiters.len());
            self.known.states.forget(account);
            for lost in [Some(leaving), followers].into_iter().flatten() {
                states.lost = states.lost.max(lost.state.revision);
                settled.lost.extend(lost.into_waiters().map(|waiter| (account, waiter)));
            }
        }
        drop(states);
        settled
    }

    fn lock(&self) -> MutexGuard<'_, States> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who is to be told what became of their puts.
#[derive(Default)]
pub(crate) struct Settled {
    pub(crate) stored: Vec<Waiter>,
    pub(crate) lost: Vec<(AccountToken, Waiter)>,
}

impl States {
    fn latest(&self, account: AccountToken) -> Option<&Versioned> {
        self.coming.get(&account).map(|leaving| &leaving.state).or_else(|| self.leaving.get(&account))
    }

    fn accept(
        &mut self,
        account: AccountToken,
        (base, state): (Option<Revision>, Versioned),
        waiter: (Waiter, Option<Place>),
    ) {
        self.puts += 1;
        let leaving = self.coming.entry(account).or_insert_with(|| Leaving {
            state: state.clone(),
            base,
            waiters: Vec::with_capacity(1),
        });
        leaving.state = state;
        leaving.waiters.push(waiter);
    }
}

impl Leaving {
    fn into_waiters(self) -> impl Iterator<Item = Waiter> {
        self.waiters.into_iter().map(|(waiter, _)| waiter)
    }
}

#[cfg(test)]
mod tests;
