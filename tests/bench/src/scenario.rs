//! What is done with a peer.

pub mod answer;
pub mod broadcast;
pub mod judge;
pub mod load;
pub mod mail;
pub mod nats;
mod place;
pub mod slow;
pub mod sms;
pub mod soak;

use crate::{
    Outcome,
    event::{Event, FIRST_MODSEQ},
    peer::Peer,
    publish::Publisher,
    results::Results,
    statistics::percentile,
};

/// The first modseqs are those that accounts have before anybody connects; nobody measures them.
fn store_first_states(publisher: &mut Publisher, accounts: u32) -> Outcome<()> {
    let events: Vec<Event> =
        (0..accounts).map(|account| Event { account, modseq: FIRST_MODSEQ + u64::from(account) }).collect();
    for batch in events.chunks(256) {
        publisher.send(batch)?;
    }
    Ok(publisher.settle()?)
}

/// Adds `<name>_p50_ms` and so on.
fn add_latencies(results: &Results, name: &str, peer: Peer, latencies: &mut [u64]) -> Outcome<()> {
    latencies.sort_unstable();
    for (suffix, part) in [("p50", 0.5), ("p99", 0.99), ("p999", 0.999)] {
        results.add(&format!("{name}_{suffix}_ms"), peer, percentile(latencies, part) as f64 / 1e6)?;
    }
    Ok(())
}

/// Kibibytes of each of `count`.
fn kibibytes_each(octets: u64, before: u64, count: usize) -> f64 {
    (octets as f64 - before as f64) / 1024.0 / count as f64
}

/// Microseconds of each of `count`.
fn microseconds_each(nanoseconds: u64, count: u64) -> f64 {
    nanoseconds as f64 / 1000.0 / count.max(1) as f64
}
