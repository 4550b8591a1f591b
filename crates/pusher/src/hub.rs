//! The hub: which accounts this node has streams for, and what is known of each.

mod alerts;
mod channel;
mod opening;
mod outlet;
mod view;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bus::{Bus, Registration};
use kit::{backoff::Backoff, drain::Drain};
use mailbox_event::{AccountToken, UnixMillis};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

pub use alerts::{Alert, Alerts};
pub use channel::Channel;
pub use outlet::Outlet;
pub use view::View;

use crate::{
    places::Held,
    revocation::{CredentialId, Hold, Holders},
    telemetry::Telemetry,
};

/// The accounts of a node. Each has one channel, which all its streams share and which lives as long as the longest
/// of them.
pub struct Hub {
    bus: Arc<dyn Bus>,
    backoff: Backoff,
    drain: Drain,
    telemetry: Arc<Telemetry>,
    holders: Arc<Holders>,
    /// Bounded by the permits: no channel is without a stream.
    channels: Mutex<Channels>,
    room: Arc<Semaphore>,
    /// The turns of accounts that are opened.
    openings: Semaphore,
}

#[derive(Default)]
struct Channels {
    entries: HashMap<AccountToken, Entry>,
    leaving: bool,
}

struct Entry {
    channel: Arc<Channel>,
    streams: usize,
    /// Missing while the bus is asked.
    registration: Option<Registration>,
}

/// The node has as many streams as it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the node is full")]
pub struct Full;

/// A stream's hold on its account's channel.
pub struct Subscription {
    hub: Arc<Hub>,
    channel: Arc<Channel>,
    views: watch::Receiver<Arc<View>>,
    held: Option<Held>,
    _room: OwnedSemaphorePermit,
}

impl Hub {
    /// A hub without streams. `backoff`: the waits while the bus does not answer.
    pub fn new(
        bus: Arc<dyn Bus>,
        most_streams: usize,
        backoff: Backoff,
        drain: Drain,
        telemetry: Arc<Telemetry>,
    ) -> Arc<Self> {
        let room = Arc::new(Semaphore::new(most_streams));
        let (holders, openings) = (Arc::default(), Semaphore::new(opening::AT_ONCE));
        Arc::new(Self { bus, backoff, drain, telemetry, holders, channels: Mutex::default(), room, openings })
    }

    /// Adds a stream of `account`. The first one registers the key and then reads the state, in that order, so that
    /// nothing falls between the two; it does not wait for either.
    pub fn join(self: &Arc<Self>, account: AccountToken) -> Result<Subscription, Full> {
        let room = self.room.clone().try_acquire_owned().map_err(|_| Full)?;
        let (channel, views, is_first) = self.lock().join(account, &self.telemetry);
        if is_first {
            self.drain.spawn(opening::open(self.clone(), channel.clone()));
        }
        self.telemetry.stream_opened();
        Ok(Subscription { hub: self.clone(), channel, views, held: None, _room: room })
    }

    /// What is known of an account that some stream here has.
    pub fn known(&self, account: AccountToken) -> Option<Arc<View>> {
        self.lock().entries.get(&account).map(|entry| entry.channel.view())
    }

    /// The channel of an account that some stream here has.
    pub fn channel(&self, account: AccountToken) -> Option<Arc<Channel>> {
        self.lock().entries.get(&account).map(|entry| entry.channel.clone())
    }

    /// The accounts that have streams here and a right to ask the mail server about them.
    pub fn accounts_with_inquiry(&self) -> Vec<AccountToken> {
        let channels = self.lock();
        let may_be_asked = |entry: &&Entry| entry.channel.inquiry().is_some();
        channels.entries.values().filter(may_be_asked).map(|entry| entry.channel.account()).collect()
    }

    /// Notes that a stream of `account` is open on the word of this credential.
    pub fn hold(&self, credential: CredentialId, account: AccountToken) -> Hold {
        self.holders.add(credential, account)
    }

    /// The mail server, asked at `at`, refused a credential: the streams that it opened here end.
    pub fn refused(&self, credential: CredentialId, at: UnixMillis) {
        let account = self.holders.account(credential);
        if let Some(channel) = account.and_then(|account| self.channel(account)) {
            channel.refused(credential, at);
        }
    }

    /// Has every stream, and every one to come, say its last and end.
    pub fn leave_all(&self) {
        let mut channels = self.lock();
        channels.leaving = true;
        for entry in channels.entries.values() {
            entry.channel.leave();
        }
    }

    fn keep(&self, channel: &Arc<Channel>, registration: Registration) {
        // A channel that was given up meanwhile lets the registration go with the end of this function.
        if let Some(entry) = self.lock().entries.get_mut(&channel.account())
            && Arc::ptr_eq(&entry.channel, channel)
        {
            entry.registration = Some(registration);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Channels> {
        // Each change under the lock is complete before anything in it can panic.
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Channels {
    fn join(
        &mut self,
        account: AccountToken,
        telemetry: &Arc<Telemetry>,
    ) -> (Arc<Channel>, watch::Receiver<Arc<View>>, bool) {
        let leaving = self.leaving;
        let entry = self.entries.entry(account).or_insert_with(|| {
            let channel = Arc::new(Channel::new(account, leaving, telemetry.clone()));
            Entry { channel, streams: 0, registration: None }
        });
        entry.streams += 1;
        entry.channel.note_streams(entry.streams);
        (entry.channel.clone(), entry.channel.watch(), entry.streams == 1)
    }

    /// Gives the last one's entry back, so that its registration ends outside the lock.
    fn part(&mut self, account: AccountToken) -> Option<Entry> {
        let entry = self.entries.get_mut(&account)?;
        entry.streams -= 1;
        entry.channel.note_streams(entry.streams);
        if entry.streams == 0 { self.entries.remove(&account) } else { None }
    }
}

impl Subscription {
    /// Keeps this as long as the stream is open.
    pub fn hold(&mut self, held: Held) {
        self.held = Some(held);
    }

    /// What is known, and every change of it.
    pub fn views(&self) -> watch::Receiver<Arc<View>> {
        self.views.clone()
    }

    /// The account's channel.
    pub fn channel(&self) -> &Arc<Channel> {
        &self.channel
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let last = self.hub.lock().part(self.channel.account());
        drop(last);
        self.hub.telemetry.stream_closed();
    }
}
