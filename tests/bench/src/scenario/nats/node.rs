//! What a node asks NATS: states, and what concerns its accounts.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bus::{Bucket, Bus, Failure, Key, KeyListener, Message, Registration, Retained};
use bus_nats::{Mode, NatsBus};
use futures_util::{StreamExt, TryStreamExt, stream};
use mailbox_event::{AccountToken, EventId, RelayId};

use super::{NatsPlan, work::token};
use crate::{
    Outcome,
    peer::Peer,
    procfs::Family,
    results::Results,
    scenario::{add_latencies, kibibytes_each},
    server,
};

/// Accounts that have a state.
const ACCOUNTS: usize = 10_000;
/// About what the state of an account takes.
const VALUE: [u8; 200] = [7; 200];
/// Calls at the same time, where they are many.
const AT_ONCE: usize = 256;

pub async fn run(plan: &NatsPlan, peer: Peer, url: &str, nats: &Family, results: &Results) -> Outcome<()> {
    let bus = server::connect(url, "node", Mode::Interest).await?;
    let accounts = (0..ACCOUNTS.max(plan.interest)).map(token).collect::<Outcome<Vec<_>>>()?;
    listen(&bus, &accounts[..plan.interest], peer, nats, results).await?;
    store(&bus, &accounts[..ACCOUNTS]).await?;
    let stored = accounts[..ACCOUNTS].to_vec();
    // On the runtime's own threads, where the program's services are.
    let mut times = tokio::spawn(read(bus.clone(), stored.clone(), plan.reads)).await??;
    add_latencies(results, "read", peer, &mut times)?;
    let mut times = tokio::spawn(open(bus.clone(), stored)).await??;
    add_latencies(results, "open", peer, &mut times)?;
    bus.close().await;
    Ok(())
}

async fn store(bus: &NatsBus, accounts: &[AccountToken]) -> Outcome<()> {
    let puts = stream::iter(accounts.iter().zip(0..)).map(async |(account, sequence)| {
        let cause = EventId { relay: RelayId(1), sequence };
        bus.put_state(*account, VALUE.to_vec().into(), None, cause).await.map(drop)
    });
    Ok(puts.buffer_unordered(AT_ONCE).try_collect().await?)
}

/// States, one after the other, in no order that a disk would like. Nanoseconds of each.
async fn read(bus: NatsBus, accounts: Vec<AccountToken>, count: usize) -> Outcome<Vec<u64>> {
    let mut times = Vec::with_capacity(count);
    for turn in 0..count {
        let began = Instant::now();
        bus.state(accounts[turn.wrapping_mul(7919) % accounts.len()]).await?.ok_or("a state is missing")?;
        times.push(nanoseconds(began.elapsed()));
    }
    Ok(times)
}

/// What pusher asks for when the first stream of an account connects, one account after the other.
async fn open(bus: NatsBus, accounts: Vec<AccountToken>) -> Outcome<Vec<u64>> {
    let mut times = Vec::with_capacity(accounts.len());
    for account in accounts {
        let began = Instant::now();
        let registered = bus.register_key(Key(account), Arc::new(Quiet)).await?;
        let name = account.to_string();
        tokio::try_join!(bus.state(account), bus.get(Bucket::Revocations, &name))?;
        times.push(nanoseconds(began.elapsed()));
        registered.unregister();
    }
    Ok(times)
}

/// All at once: how long until NATS knows of all, and what it takes here and there.
async fn listen(
    bus: &NatsBus,
    accounts: &[AccountToken],
    peer: Peer,
    nats: &Family,
    results: &Results,
) -> Outcome<()> {
    let own = Family::alone(std::process::id());
    let (own_before, nats_before, began) = (own.memory()?, nats.memory()?, Instant::now());
    let listener: Arc<dyn KeyListener> = Arc::new(Quiet);
    let registered: Vec<Registration> = stream::iter(accounts)
        .map(|account| bus.register_key(Key(*account), listener.clone()))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    results.add("interest_s", peer, began.elapsed().as_secs_f64())?;
    results.add("interest_kb", peer, kibibytes_each(own.memory()?, own_before, accounts.len()))?;
    results.add("interest_nats_kb", peer, kibibytes_each(nats.memory()?, nats_before, accounts.len()))?;
    drop(registered);
    Ok(())
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

struct Quiet;

#[async_trait]
impl KeyListener for Quiet {
    async fn hear(&self, _: Arc<Message>) -> Result<(), Failure> {
        Ok(())
    }
}
