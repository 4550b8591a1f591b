//! What the bus on NATS costs those who stand on it: relay's publishing beside the client's alone, reads of states, the
//! interest of a node.

mod node;
mod publishing;
mod raw;
mod relaying;
mod work;

use crate::{Outcome, peer::Peer, procfs::Family, results::Results, server};

/// How much of it.
#[derive(Debug, Clone, clap::Args)]
pub struct NatsPlan {
    /// Notifications that relay publishes at full speed, of each kind.
    #[arg(long, default_value_t = 40_000)]
    pub notifications: usize,
    /// How often, in turn with the client alone.
    #[arg(long, default_value_t = 2)]
    pub rounds: usize,
    /// States that are read, one after the other.
    #[arg(long, default_value_t = 20_000)]
    pub reads: usize,
    /// Accounts that a node listens to.
    #[arg(long, default_value_t = 100_000)]
    pub interest: usize,
}

/// Runs it on the NATS of one peer.
pub fn run(plan: &NatsPlan, peer: Peer, results: &Results) -> Outcome<()> {
    let nats = server::start_nats(peer)?;
    let family = Family::of(nats.id());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        // Before all else: memory that was used and freed would hide what is taken.
        node::run(plan, peer, nats.said(), &family, results).await?;
        publishing::run(plan, peer, nats.said(), results).await
    })
}
