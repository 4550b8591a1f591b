//! Readers that never read beside live ones, all of one account.

use std::{sync::Arc, time::Duration};

use super::{add_latencies, kibibytes_each, store_first_states};
use crate::{
    Outcome,
    crowd::{Crowd, Gathering, Listening},
    event::FIRST_MODSEQ,
    peer::Peer,
    procfs::kernel_buffers,
    publish::{Paced, pace},
    results::Results,
    server::Running,
    stamps::Stamps,
};

/// The end of waiting for what was sent.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much of it.
#[derive(Debug, Clone, clap::Args)]
pub struct SlowPlan {
    /// Readers that never read.
    #[arg(long, default_value_t = 100)]
    pub stuck: usize,
    /// Readers that do.
    #[arg(long, default_value_t = 50)]
    pub live: usize,
    /// Changes per second.
    #[arg(long, default_value_t = 1000)]
    pub rate: u64,
    /// How long.
    #[arg(long, default_value_t = 12)]
    pub seconds: u64,
}

/// Runs it against one peer.
pub fn run(plan: &SlowPlan, peer: Peer, results: &Results) -> Outcome<()> {
    let server = Running::start(peer)?;
    let mut publisher = server.publisher()?;
    store_first_states(&mut publisher, 1)?;
    let paced = Paced { first: 1, events: plan.rate * plan.seconds, rate: plan.rate, accounts: 1 };
    let stamps = Arc::new(Stamps::new(usize::try_from(1 + paced.events)?));
    let gather = |streams| {
        let gathering = Gathering { streams, accounts: 1, receive_buffer: None };
        Crowd::gather(peer, server.address, gathering, &stamps)
    };
    // Held to the end and never read again.
    let (stuck, _) = gather(plan.stuck)?;
    let (live, _) = gather(plan.live)?;
    let (memory, (kernel, _)) = (server.family().memory()?, kernel_buffers(server.address)?);
    let listening = Listening::start(live, &stamps);
    listening.aim(FIRST_MODSEQ + paced.events);
    pace(&mut publisher, paced, &stamps)?;
    listening.until_reached(plan.live, PATIENCE)?;
    let mut live = listening.stop()?;
    let (kernel_after, connections) = kernel_buffers(server.address)?;
    let memory_after = server.family().memory()?;
    if live.ended > 0 || connections < plan.stuck + plan.live {
        return Err(format!("{connections} connections are left").into());
    }
    results.add("slow_user_kb", peer, kibibytes_each(memory_after, memory, plan.stuck))?;
    results.add("slow_kernel_kb", peer, kibibytes_each(kernel_after, kernel, plan.stuck))?;
    add_latencies(results, "slow", peer, &mut live.latencies)?;
    drop(stuck);
    Ok(())
}
