//! One account with many streams.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use super::{microseconds_each, store_first_states};
use crate::{
    Outcome,
    crowd::{Crowd, Gathering, Listening},
    event::{Event, FIRST_MODSEQ},
    peer::Peer,
    publish::{Paced, Publisher, pace},
    results::Results,
    server::Running,
    stamps::Stamps,
    statistics::median,
};

/// The end of waiting for what was sent.
const PATIENCE: Duration = Duration::from_secs(60);
/// Nothing comes for so long: the streams are all there.
const SILENCE: Duration = Duration::from_millis(500);

/// How much of it.
#[derive(Debug, Clone, clap::Args)]
pub struct BroadcastPlan {
    /// Streams of the account.
    #[arg(long, default_value_t = 10_000)]
    pub streams: usize,
    /// Changes, each sent when all have the one before.
    #[arg(long, default_value_t = 20)]
    pub changes: u64,
    /// Milliseconds from one to the next at least.
    #[arg(long, default_value_t = 250)]
    pub spaced: u64,
    /// Changes that are then sent without waiting.
    #[arg(long, default_value_t = 100)]
    pub flood: u64,
    /// So many of these per second.
    #[arg(long, default_value_t = 50)]
    pub rate: u64,
}

/// Runs it against one peer.
pub fn run(plan: &BroadcastPlan, peer: Peer, results: &Results) -> Outcome<()> {
    let server = Running::start(peer)?;
    let mut publisher = server.publisher()?;
    store_first_states(&mut publisher, 1)?;
    let stamps = Arc::new(Stamps::new(usize::try_from(1 + plan.changes + plan.flood)?));
    let gathering = Gathering { streams: plan.streams, accounts: 1, receive_buffer: None };
    let (mut crowd, _) = Crowd::gather(peer, server.address, gathering, &stamps)?;
    crowd.until_silent(SILENCE, &stamps)?;
    crowd.forget();
    let listening = Listening::start(crowd, &stamps);
    one_by_one(plan, &server, &mut publisher, &listening, &stamps, results)?;
    flood(plan, &server, &mut publisher, &listening, &stamps, results)?;
    let crowd = listening.stop()?;
    if crowd.ended > 0 { Err(format!("{} streams ended", crowd.ended).into()) } else { Ok(()) }
}

fn one_by_one(
    plan: &BroadcastPlan,
    server: &Running,
    publisher: &mut Publisher,
    listening: &Listening,
    stamps: &Stamps,
    results: &Results,
) -> Outcome<()> {
    let before = server.family().cpu()?;
    let mut times = Vec::new();
    for number in 1..=plan.changes {
        let (began, modseq) = (Instant::now(), FIRST_MODSEQ + number);
        listening.aim(modseq);
        let sent = stamps.now();
        publisher.send(&[Event { account: 0, modseq }])?;
        let last = listening.until_reached(plan.streams, PATIENCE)?;
        times.push((last - sent) as f64 / 1e6);
        while began.elapsed() < Duration::from_millis(plan.spaced) {
            thread::park_timeout(Duration::from_millis(1));
        }
    }
    let used = server.family().cpu()?.since(&before);
    let deliveries = plan.changes * plan.streams as u64;
    results.add("broadcast_cpu_us", server.peer, microseconds_each(used.total(), deliveries))?;
    results.add("broadcast_last_ms", server.peer, median(&times).unwrap_or_default())
}

/// More than can be written: who merges tells each stream the newest, who does not takes as long as it takes.
fn flood(
    plan: &BroadcastPlan,
    server: &Running,
    publisher: &mut Publisher,
    listening: &Listening,
    stamps: &Stamps,
    results: &Results,
) -> Outcome<()> {
    let paced = Paced { first: plan.changes + 1, events: plan.flood, rate: plan.rate, accounts: 1 };
    let (before, began) = (listening.frames(), stamps.now());
    listening.aim(FIRST_MODSEQ + plan.changes + plan.flood);
    pace(publisher, paced, stamps)?;
    let last = listening.until_reached(plan.streams, PATIENCE)?;
    let seconds = (last - began) as f64 / 1e9;
    let deliveries = plan.flood * plan.streams as u64;
    results.add("flood_rate", server.peer, deliveries as f64 / seconds)?;
    results.add("flood_frames", server.peer, (listening.frames() - before) as f64 / seconds)
}
