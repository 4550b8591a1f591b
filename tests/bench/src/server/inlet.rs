//! How events get onto the bus in the benchmark: as relay's publisher does it, without Cyrus and the spool.
//!
//! The state of an account is merged into the one that was written last and stored by compare-and-set with the
//! revision known from then: the usual case of relay, without a read. Accounts are stored side by side, each once at
//! a time; what comes of one meanwhile waits and is one write.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    io,
    path::Path,
    sync::Arc,
};

use bus::{Bus, Revision};
use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use mailbox_event::{Account, AccountTokens, EventId, Modseq, RelayId, UidValidity, codec};
use state::{AccountState, Counter, Epoch};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
};

use super::{INLET, ours::tokens};
use crate::{
    Outcome,
    event::{EVENT_OCTETS, Event},
    peer::user,
};

/// The numbers are relay's; it counts records where this counts accounts.
const OUTSTANDING: usize = 4096;
const READ_AT_ONCE: usize = 64;
const ACCOUNTS_AT_ONCE: usize = 1024;

/// Where senders of events connect, one after the other.
pub struct Listener(UnixListener);

impl Listener {
    /// Listens in `folder`.
    pub fn bind(folder: &Path) -> Outcome<Self> {
        Ok(Self(UnixListener::bind(folder.join(INLET))?))
    }

    /// Stores on `bus` what they send, until something fails.
    pub async fn serve(self, bus: Arc<dyn Bus>) -> Outcome<()> {
        let mut inlet = Inlet::new(bus, tokens());
        loop {
            let (socket, _) = self.0.accept().await?;
            inlet.take(socket).await?;
        }
    }
}

struct Inlet {
    outlet: Arc<Outlet>,
    lanes: HashMap<u32, Lane>,
    /// Accounts with something to store and nothing under way.
    ready: VecDeque<u32>,
}

struct Outlet {
    bus: Arc<dyn Bus>,
    tokens: AccountTokens,
}

/// An account. One that is being stored is known to nobody else.
struct Lane {
    known: Option<Known>,
    /// The highest modseq that is not stored.
    waiting: Option<u64>,
}

/// An account as it was written last.
struct Known {
    state: AccountState,
    revision: Option<Revision>,
}

impl Inlet {
    fn new(bus: Arc<dyn Bus>, tokens: AccountTokens) -> Self {
        Self { outlet: Arc::new(Outlet { bus, tokens }), lanes: HashMap::new(), ready: VecDeque::new() }
    }

    /// Takes events until the sender closes.
    async fn take(&mut self, mut socket: UnixStream) -> Outcome<()> {
        let outlet = Arc::clone(&self.outlet);
        let (mut octets, mut part) = (Vec::new(), [0; READ_AT_ONCE * EVENT_OCTETS]);
        let (mut under_way, mut is_awaited) = (FuturesUnordered::new(), false);
        loop {
            while under_way.len() < ACCOUNTS_AT_ONCE
                && let Some((account, known, modseq)) = self.start()
            {
                under_way.push(outlet.store(account, known, modseq));
            }
            if is_awaited && under_way.is_empty() {
                socket.write_all(b".").await?;
                is_awaited = false;
            }
            tokio::select! {
                biased;
                Some(stored) = under_way.next() => {
                    self.settle(stored?);
                    while let Some(Some(stored)) = under_way.next().now_or_never() {
                        self.settle(stored?);
                    }
                }
                length = socket.read(&mut part), if self.ready.len() < OUTSTANDING => {
                    let length = length?;
                    if length == 0 {
                        return Ok(());
                    }
                    octets.extend_from_slice(&part[..length]);
                    for event in Event::drain(&mut octets) {
                        is_awaited |= event == Event::BARRIER;
                        self.add(event)?;
                    }
                }
            }
        }
    }

    fn add(&mut self, Event { account, modseq }: Event) -> Outcome<()> {
        if modseq == Event::BARRIER.modseq {
            return Ok(());
        }
        let lane = match self.lanes.entry(account) {
            Entry::Occupied(lane) => lane.into_mut(),
            Entry::Vacant(place) => place.insert(Lane { known: Some(Known::new(account)?), waiting: None }),
        };
        // Modseqs rise, so that the last of an account is its highest.
        if lane.waiting.replace(modseq).is_none() && lane.known.is_some() {
            self.ready.push_back(account);
        }
        Ok(())
    }

    fn start(&mut self) -> Option<(u32, Known, u64)> {
        let account = self.ready.pop_front()?;
        let lane = self.lanes.get_mut(&account)?;
        Some((account, lane.known.take()?, lane.waiting.take()?))
    }

    fn settle(&mut self, (account, known): (u32, Known)) {
        if let Some(lane) = self.lanes.get_mut(&account) {
            lane.known = Some(known);
            if lane.waiting.is_some() {
                self.ready.push_back(account);
            }
        }
    }
}

impl Known {
    fn new(account: u32) -> Outcome<Self> {
        let account = Account::parse(&format!("{}@example.org", user(account)))
            .map_err(|error| io::Error::other(error.to_string()))?;
        let mut state = AccountState::new(account);
        state.epoch = Epoch(1_700_000_000);
        state.life.uid_validity = UidValidity(1_700_000_000);
        Ok(Self { state, revision: None })
    }
}

impl Outlet {
    async fn store(&self, account: u32, mut known: Known, modseq: u64) -> Outcome<(u32, Known)> {
        let token = self.tokens.token(&known.state.account);
        known.state.vector.raise(Counter::Mail, Modseq(modseq));
        let value = codec::encode(&known.state, codec::Form::MessagePack)?;
        let cause = EventId { relay: RelayId(1), sequence: modseq };
        known.revision = Some(self.bus.put_state(token, value.into(), known.revision, cause).await?);
        Ok((account, known))
    }
}
