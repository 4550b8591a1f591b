//! How events get onto the bus in the benchmark: as relay's publisher does it, without Cyrus and the spool.
//!
//! The state of an account is merged into the one that was written last and stored by compare-and-set with the
//! revision known from then: the usual case of relay, without a read. The accounts of a window are stored side by
//! side; what came of one account within a window is one write.

use std::{collections::BTreeMap, io};

use bus::{Retained, Revision};
use bus_local::LocalBus;
use futures_util::{StreamExt, stream};
use mailbox_event::{Account, AccountTokens, EventId, Modseq, RelayId, UidValidity, codec};
use state::{AccountState, Counter, Epoch};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

use crate::{
    Outcome,
    event::{EVENT_OCTETS, Event},
    peer::user,
};

/// Both as relay has them.
const WINDOW: usize = 256;
const ACCOUNTS_AT_ONCE: usize = 32;

/// An account as it was written last.
struct Known {
    state: AccountState,
    revision: Option<Revision>,
}

pub struct Inlet {
    bus: LocalBus,
    tokens: AccountTokens,
    known: BTreeMap<u32, Known>,
}

impl Inlet {
    pub fn new(bus: LocalBus, tokens: AccountTokens) -> Self {
        Self { bus, tokens, known: BTreeMap::new() }
    }

    /// Takes events until the sender closes.
    pub async fn take(&mut self, mut socket: UnixStream) -> Outcome<()> {
        let (mut octets, mut part) = (Vec::new(), [0; WINDOW * EVENT_OCTETS]);
        loop {
            let length = socket.read(&mut part).await?;
            if length == 0 {
                return Ok(());
            }
            octets.extend_from_slice(&part[..length]);
            let events = Event::drain(&mut octets);
            self.store(&events).await?;
            if events.last() == Some(&Event::BARRIER) {
                socket.write_all(b".").await?;
            }
        }
    }

    async fn store(&mut self, events: &[Event]) -> Outcome<()> {
        let events = events.iter().filter(|event| **event != Event::BARRIER);
        // Modseqs rise, so that the last of an account is its highest.
        let accounts: BTreeMap<u32, u64> = events.map(|event| (event.account, event.modseq)).collect();
        let mut works = Vec::with_capacity(accounts.len());
        for (account, modseq) in accounts {
            let known = self.known.remove(&account).map_or_else(|| Known::new(account), Ok)?;
            works.push(store(&self.bus, &self.tokens, account, known, modseq));
        }
        let mut stored = stream::iter(works).buffer_unordered(ACCOUNTS_AT_ONCE);
        while let Some(outcome) = stored.next().await {
            let (account, known) = outcome?;
            self.known.insert(account, known);
        }
        Ok(())
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

async fn store(
    bus: &LocalBus,
    tokens: &AccountTokens,
    account: u32,
    mut known: Known,
    modseq: u64,
) -> Outcome<(u32, Known)> {
    let token = tokens.token(&known.state.account);
    known.state.vector.raise(Counter::Mail, Modseq(modseq));
    let value = codec::encode(&known.state, codec::Form::MessagePack)?;
    let cause = EventId { relay: RelayId(1), sequence: modseq };
    known.revision = Some(bus.put_state(token, value.into(), known.revision, cause).await?);
    Ok((account, known))
}
