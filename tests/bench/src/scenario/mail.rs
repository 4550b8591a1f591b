//! Mail through notifyd beside a bare lettre loop into the same server, what a backlog costs in memory, and how long an
//! alarm takes from Cyrus to the server's answer.

mod backlog;
mod delay;
mod jobs;
mod rate;
mod servers;

use crate::{Outcome, peer::Peer, results::Results};

/// How much of it.
#[derive(Debug, Clone, clap::Args)]
pub struct MailPlan {
    /// Mails of each run.
    #[arg(long, default_value_t = 4_000)]
    pub mails: usize,
    /// Connections to the server, of notifyd and of the loop alike. notifyd's default.
    #[arg(long, default_value_t = 48)]
    pub connections: usize,
    /// Mails that notifyd has in hand, with or without a connection. notifyd's default.
    #[arg(long, default_value_t = 96)]
    pub at_a_time: usize,
    /// Runs against each server, in turn with the loop.
    #[arg(long, default_value_t = 1)]
    pub rounds: usize,
    /// Jobs that wait; none: their memory is not measured.
    #[arg(long, default_value_t = 100_000)]
    pub backlog: usize,
    /// Alarms, one after the other; none: their delay is not measured.
    #[arg(long, default_value_t = 500)]
    pub alarms: usize,
}

/// Runs it on the bus and the database of one peer.
pub fn run(plan: &MailPlan, peer: Peer, results: &Results) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        if plan.rounds > 0 {
            rate::run(plan, peer, results).await?;
        }
        if plan.alarms > 0 {
            delay::run(plan, peer, results).await?;
        }
        if plan.backlog > 0 {
            backlog::run(plan, peer, results).await?;
        }
        Ok(())
    })
}
