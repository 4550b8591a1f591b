//! Many streams, each of its own account: connecting, idling, events at a steady rate.

use std::{sync::Arc, time::Duration};

use super::{add_latencies, kibibytes_each, microseconds_each, store_first_states};
use crate::{
    Outcome,
    crowd::{Crowd, Gathering, Listening},
    peer::Peer,
    publish::{Paced, Publisher, pace},
    results::Results,
    server::Running,
    stamps::Stamps,
};

/// Nothing comes for so long: all is written that was to be written.
const SILENCE: Duration = Duration::from_secs(1);
/// The end of waiting for what was sent.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much of it.
#[derive(Debug, Clone, clap::Args)]
pub struct LoadPlan {
    /// Streams, each of its own account.
    #[arg(long, default_value_t = 10_000)]
    pub streams: u32,
    /// Events per second.
    #[arg(long, default_value_t = 10_000)]
    pub rate: u64,
    /// How long; 0 ends after the connecting.
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
}

/// Runs it against one peer.
pub fn run(plan: &LoadPlan, peer: Peer, results: &Results) -> Outcome<()> {
    let server = Running::start(peer)?;
    let mut publisher = server.publisher()?;
    store_first_states(&mut publisher, plan.streams)?;
    let mut first = u64::from(plan.streams);
    let storing = plan.paced(first, if peer.is_stored_by_us() { plan.seconds / 2 } else { 0 });
    let events = plan.rate * plan.seconds;
    let stamps = Arc::new(Stamps::new(usize::try_from(first + storing.events + events)?));
    if storing.events > 0 {
        store_without_streams(storing, &server, &mut publisher, results)?;
        first += storing.events;
    }
    let before = server.family().memory()?;
    let gathering =
        Gathering { streams: usize::try_from(plan.streams)?, accounts: plan.streams, receive_buffer: None };
    let (mut crowd, took) = Crowd::gather(peer, server.address, gathering, &stamps)?;
    results.add("storm_s", peer, took.as_secs_f64())?;
    crowd.until_silent(SILENCE, &stamps)?;
    let idle = kibibytes_each(server.family().memory()?, before, gathering.streams);
    results.add("idle_kb", peer, idle)?;
    if events > 0 {
        crowd.forget();
        let paced = plan.paced(first, plan.seconds);
        drive(paced, &server, &mut publisher, crowd, &stamps, results)?;
        let after = kibibytes_each(server.family().memory()?, before, gathering.streams);
        results.add("traffic_kb", peer, after)?;
    }
    Ok(())
}

impl LoadPlan {
    fn paced(&self, first: u64, seconds: u64) -> Paced {
        Paced { first, events: self.rate * seconds, rate: self.rate, accounts: self.streams }
    }
}

/// What an event costs that no stream is there for: what is more with streams is the pusher's.
fn store_without_streams(
    paced: Paced,
    server: &Running,
    publisher: &mut Publisher,
    results: &Results,
) -> Outcome<()> {
    let before = server.family().cpu()?;
    pace(publisher, paced, &Stamps::new(0))?;
    publisher.settle()?;
    let used = server.family().cpu()?.since(&before);
    results.add("store_cpu_us", server.peer, microseconds_each(used.total(), paced.events))
}

fn drive(
    paced: Paced,
    server: &Running,
    publisher: &mut Publisher,
    crowd: Crowd,
    stamps: &Arc<Stamps>,
    results: &Results,
) -> Outcome<()> {
    let peer = server.peer;
    let (before, whole_before) = (server.family().cpu()?, server.whole_family().cpu()?);
    let listening = Listening::start(crowd, stamps);
    let took = pace(publisher, paced, stamps)?;
    publisher.settle()?;
    // Events of one account that came together are one frame: the last of each account is waited for by silence.
    let complete =
        listening.until_frames(paced.events, if peer.is_stored_by_us() { SILENCE } else { PATIENCE });
    let used = server.family().cpu()?.since(&before);
    let whole = server.whole_family().cpu()?.since(&whole_before);
    let mut crowd = listening.stop()?;
    if !peer.is_stored_by_us() {
        complete?;
    }
    let streams = usize::try_from(paced.accounts)?;
    let last_round = crate::event::FIRST_MODSEQ + paced.first + paced.events - u64::from(paced.accounts);
    if crowd.reached(last_round) != streams || crowd.ended > 0 {
        return Err(format!("{} streams ended, others are behind", crowd.ended).into());
    }
    results.add("load_rate", peer, crowd.frames as f64 / took.as_secs_f64())?;
    results.add("load_cpu_us", peer, microseconds_each(used.total(), crowd.frames))?;
    results.add("whole_cpu_us", peer, microseconds_each(whole.total(), crowd.frames))?;
    if peer == Peer::Ours {
        results.add("writer_cpu_us", peer, microseconds_each(used.of_thread("bus-writer"), crowd.frames))?;
    }
    add_latencies(results, "load", peer, &mut crowd.latencies)
}
