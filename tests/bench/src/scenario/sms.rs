//! Text messages through notifyd's ledger beside a bare loop of requests to the same gateway, what it costs when all of
//! them are one user's, what becomes of credit that ends, and how long a text takes to be fitted.

mod fitting;
mod jobs;
mod rate;
mod scarce;
mod setup;

use std::time::Duration;

use crate::{Outcome, peer::Peer, results::Results};

/// How much of it.
#[derive(Debug, Clone, clap::Args)]
pub struct SmsPlan {
    /// Texts of each run.
    #[arg(long, default_value_t = 4_000)]
    pub texts: usize,
    /// Users that they are shared among.
    #[arg(long, default_value_t = 500)]
    pub users: usize,
    /// Texts at a time, of notifyd and of the loop alike; each has as many connections.
    #[arg(long, default_value_t = 64)]
    pub at_a_time: usize,
    /// Runs in turn with the loop.
    #[arg(long, default_value_t = 1)]
    pub rounds: usize,
    /// Milliseconds that the distant gateway takes; none: it is not measured.
    #[arg(long, default_value_t = 20)]
    pub distance: u64,
    /// Notifications of one user with credit for a hundred; none: it is not looked at.
    #[arg(long, default_value_t = 10_000)]
    pub burst: usize,
    /// How often each text is fitted; none: it is not measured.
    #[arg(long, default_value_t = 2_000)]
    pub fits: usize,
}

impl SmsPlan {
    fn distance(&self) -> Duration {
        Duration::from_millis(self.distance)
    }
}

/// Runs it on the bus and the database of one peer. What is fitted knows neither: it is measured once, with the first.
pub fn run(plan: &SmsPlan, peer: Peer, results: &Results) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if peer == Peer::Ours && plan.fits > 0 {
        fitting::run(plan.fits, results)?;
    }
    runtime.block_on(async {
        for _ in 0..plan.rounds {
            rate::run(plan, peer, results).await?;
        }
        if plan.burst > 0 {
            scarce::run(plan, peer, results).await?;
        }
        Ok(())
    })
}
