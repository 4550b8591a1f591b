//! From an alarm at relay's socket to the SMTP server, one at a time.

use std::time::{Duration, Instant};

use cyrus::dlist;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::{MissedTickBehavior, interval, timeout},
};

use super::{MailPlan, jobs, servers};
use crate::{
    Outcome,
    peer::Peer,
    results::Results,
    scenario::{add_latencies, place::Place},
};

/// Nobody is at work when an alarm comes.
const EVERY: Duration = Duration::from_millis(30);
const LONGEST: Duration = Duration::from_secs(10);
/// Connections are made and pages touched by then.
const FIRST: usize = 20;

pub async fn run(plan: &MailPlan, peer: Peer, results: &Results) -> Outcome<()> {
    let (place, sink) = (Place::new(peer).await?, servers::sink().await?);
    let _site = place.site(&sink.local_addr().to_string())?;
    let (socket, mut taken) = (place.folder().join("dlist"), sink.taken());
    let (mut latencies, mut ticks) = (Vec::with_capacity(plan.alarms), interval(EVERY));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 0..plan.alarms + FIRST {
        ticks.tick().await;
        let (before, octets) = (*taken.borrow_and_update(), jobs::notification(number));
        let began = Instant::now();
        let mut stream = UnixStream::connect(&socket).await?;
        stream.write_all(&octets).await?;
        // The sink counts a mail just before it answers.
        timeout(LONGEST, taken.wait_for(|taken| *taken > before)).await??;
        let took = began.elapsed();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        if answer != dlist::OK {
            return Err("relay refused an alarm".into());
        }
        if number >= FIRST {
            latencies.push(u64::try_from(took.as_nanos())?);
        }
    }
    add_latencies(results, "mail_delay", peer, &mut latencies)
}
