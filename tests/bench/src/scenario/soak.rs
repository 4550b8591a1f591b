//! Readers that never read, for minutes, beside others that do: passes or fails.

use std::{sync::Arc, time::Duration};

use super::{kibibytes_each, store_first_states};
use crate::{
    Outcome,
    crowd::{Crowd, Gathering, Listening},
    event::FIRST_MODSEQ,
    peer::Peer,
    procfs::kernel_buffers,
    publish::{Paced, Publisher, pace},
    server::Running,
    stamps::Stamps,
    statistics::percentile,
};

/// A reader that never reads may cost this, the kernel's buffers on the server's side counted.
const MOST_KB_EACH: f64 = 64.0;
/// Memory has levelled off when it rises by less from a third of the time to its end.
const LEVEL_KB_EACH: f64 = 2.0;
/// Ten times what the design asks for: the machine of a test may have other things to do.
const MOST_DELAY: Duration = Duration::from_millis(50);
/// Who wakes is to have everything within this.
const CONVERGE: Duration = Duration::from_secs(10);
/// What these readers' kernels buffer: little, so that it fills at once.
const RECEIVE_BUFFER: usize = 4096;
const LOOK_EVERY_SECONDS: u64 = 5;

/// How much of it.
#[derive(Debug, Clone, clap::Args)]
pub struct SoakPlan {
    /// How long.
    #[arg(long, default_value_t = 10)]
    pub minutes: u64,
    /// Readers that never read.
    #[arg(long, default_value_t = 1000)]
    pub stuck: usize,
    /// Readers that do.
    #[arg(long, default_value_t = 1000)]
    pub live: usize,
    /// Accounts; each has as many of both.
    #[arg(long, default_value_t = 10)]
    pub accounts: u32,
    /// Changes per second, over all accounts.
    #[arg(long, default_value_t = 100)]
    pub rate: u64,
}

/// Runs it; an error says which promise was broken.
pub fn run(plan: &SoakPlan) -> Outcome<()> {
    let server = Running::start(Peer::Ours)?;
    let mut publisher = server.publisher()?;
    store_first_states(&mut publisher, plan.accounts)?;
    let first = u64::from(plan.accounts);
    let events = plan.minutes * 60 * plan.rate;
    let stamps = Arc::new(Stamps::new(usize::try_from(first + events)?));
    let before = held(&server)?;
    let (mut stuck, live) = (plan.gather(&server, true, &stamps)?, plan.gather(&server, false, &stamps)?);
    let listening = Listening::start(live, &stamps);
    let levels = drive(plan, &server, &mut publisher, &stamps, before)?;
    // Each account's last change is among the last of all.
    let last = FIRST_MODSEQ + first + events - u64::from(plan.accounts);
    let mut live = listening.stop()?;
    live.until_reached(last, CONVERGE, &stamps)?;
    check(&levels, &mut live)?;
    let behind = plan.stuck - stuck.reached(last);
    stuck.until_reached(last, CONVERGE, &stamps)?;
    if stuck.ended + live.ended > 0 {
        return Err(format!("{} slow and {} live readers were disconnected", stuck.ended, live.ended).into());
    }
    println!("{behind} readers were behind and have converged; nobody was disconnected");
    Ok(())
}

/// Octets in the server's memory and in the kernel's buffers for it.
fn held(server: &Running) -> Outcome<u64> {
    Ok(server.family().memory()? + kernel_buffers(server.address)?.0)
}

/// Sends it all and looks at the memory meanwhile: kibibytes for each stream, live or not.
fn drive(
    plan: &SoakPlan,
    server: &Running,
    publisher: &mut Publisher,
    stamps: &Stamps,
    before: u64,
) -> Outcome<Vec<f64>> {
    let mut levels = Vec::new();
    let looks = plan.minutes * 60 / LOOK_EVERY_SECONDS;
    for look in 0..looks {
        let events = plan.rate * LOOK_EVERY_SECONDS;
        let first = u64::from(plan.accounts) + look * events;
        pace(publisher, Paced { first, events, rate: plan.rate, accounts: plan.accounts }, stamps)?;
        let level = kibibytes_each(held(server)?, before, plan.stuck);
        println!(
            "after {:>4} s: {level:.1} KiB for each reader that never reads",
            (look + 1) * LOOK_EVERY_SECONDS
        );
        levels.push(level);
    }
    publisher.settle()?;
    Ok(levels)
}

fn check(levels: &[f64], live: &mut Crowd) -> Outcome<()> {
    let highest = levels.iter().copied().fold(0.0, f64::max);
    let rise = levels.last().unwrap_or(&0.0) - levels.get(levels.len() / 3).unwrap_or(&0.0);
    live.latencies.sort_unstable();
    let delay = Duration::from_nanos(percentile(&live.latencies, 0.99));
    println!("highest {highest:.1} KiB, rise {rise:.1} KiB, p99 of the live {delay:?}");
    if highest > MOST_KB_EACH {
        return Err(format!("a reader that never reads costs {highest:.1} KiB").into());
    }
    if rise > LEVEL_KB_EACH {
        return Err(format!("memory still rises: {rise:.1} KiB each").into());
    }
    if delay > MOST_DELAY {
        return Err(format!("the others wait: {delay:?}").into());
    }
    Ok(())
}

impl SoakPlan {
    fn gather(&self, server: &Running, is_stuck: bool, stamps: &Stamps) -> Outcome<Crowd> {
        let streams = if is_stuck { self.stuck } else { self.live };
        let receive_buffer = is_stuck.then_some(RECEIVE_BUFFER);
        let gathering = Gathering { streams, accounts: self.accounts, receive_buffer };
        Ok(Crowd::gather(server.peer, server.address, gathering, stamps)?.0)
    }
}
