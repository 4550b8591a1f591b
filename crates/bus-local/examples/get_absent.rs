//! What it costs when many callers ask at once for a key that nobody put, as every accepted credential does for a
//! revocation: each asks for one of its own, first while the bus is idle, then beside writers of STATE. Prints how long
//! all of them took, and percentiles.
//!
//! `cargo run --release -p bus-local --example get_absent -- <callers> <writers>`
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bus::{Bucket, Retained};
use bus_local::{LocalBus, LocalBusSettings};
use bytes::Bytes;
use mailbox_event::{AccountToken, EventId, RelayId};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// About what the vector of an account takes.
const VALUE: usize = 200;

/// Writes the STATE of one account as fast as it can.
async fn write(bus: LocalBus, writer: u64, is_over: Arc<AtomicBool>) -> Outcome<()> {
    let account = AccountToken(u128::from(writer).to_be_bytes());
    let mut revision = None;
    for sequence in 0.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let cause = EventId { relay: RelayId(writer), sequence };
        revision = Some(bus.put_state(account, Bytes::from(vec![1; VALUE]), revision, cause).await?);
    }
    Ok(())
}

/// Asks once for each of `callers` keys, all at the same time.
async fn ask(bus: &LocalBus, round: &str, callers: usize) -> Outcome<()> {
    let start = Instant::now();
    let asking: Vec<_> = (0..callers)
        .map(|caller| {
            let (bus, key) = (bus.clone(), format!("{round}-{caller:032}"));
            tokio::spawn(async move {
                let found = bus.get(Bucket::Revocations, &key).await;
                found.map(|found| (found.is_none(), start.elapsed()))
            })
        })
        .collect();
    let mut times = Vec::with_capacity(callers);
    for asked in asking {
        let (is_absent, took) = asked.await??;
        assert!(is_absent, "nobody put it");
        times.push(took);
    }
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    let all = times.last().copied().unwrap_or_default();
    println!("{round}: {callers} answers in {all:?}; p50 {:?}, p99 {:?}", at(50), at(99));
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let mut argument = |default| arguments.next().unwrap_or(Ok(default));
    let (callers, writers) = (argument(10_000)?, argument(64)?);
    let folder = tempfile::tempdir_in(".")?;
    let bus = LocalBus::open(&folder.path().join("bus.db"), LocalBusSettings::default())?;
    bus.put(Bucket::Revocations, "somebody", Bytes::new(), Duration::from_hours(1)).await?;
    for round in ["idle", "idle again"] {
        ask(&bus, round, callers).await?;
    }
    let is_over = Arc::new(AtomicBool::new(false));
    let writing: Vec<_> =
        (0..writers as u64).map(|writer| tokio::spawn(write(bus.clone(), writer, is_over.clone()))).collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    for round in ["beside writers", "beside writers again"] {
        ask(&bus, round, callers).await?;
    }
    is_over.store(true, Ordering::Relaxed);
    for writer in writing {
        writer.await??;
    }
    bus.close().await;
    Ok(())
}
