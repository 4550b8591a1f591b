//! relay's publishing beside the client's alone, in turn.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{self, Context};
use async_trait::async_trait;
use bus::{Attempt, Backoff, Bus, Failure, Group, GroupListener, GroupSettings, JobKind, Message};
use bus_nats::{Mode, NatsBus};
use mailbox_event::RelayId;

use super::{
    NatsPlan,
    raw::{Raw, Sample, Writing},
    relaying::Filled,
    work::Work,
};
use crate::{Outcome, peer::Peer, results::Results, server};

/// Where relay publishes.
const RELAY: &str = "relay";
/// Where the client alone does, in streams made alike.
const RAW: &str = "raw";

pub async fn run(plan: &NatsPlan, peer: Peer, url: &str, results: &Results) -> Outcome<()> {
    let bus = server::connect(url, RELAY, Mode::Interest).await?;
    let other = server::connect(url, RAW, Mode::Interest).await?;
    for bus in [&bus, &other] {
        keep_jobs(bus).await?;
    }
    let context = jetstream::new(async_nats::connect(url).await?);
    let raw = Arc::new(Raw::new(context.clone(), RAW));
    let round = Round { plan, peer, results, bus: &bus, context, raw };
    for number in 0..plan.rounds {
        let works = [("state", Work::KNOWN_STATES), ("many", Work::MANY_STATES), ("job", Work::Jobs)];
        for (place, (name, work)) in works.into_iter().enumerate() {
            round.run(name, work, number * works.len() + place).await?;
        }
    }
    other.close().await;
    bus.close().await;
    Ok(())
}

struct Round<'a> {
    plan: &'a NatsPlan,
    peer: Peer,
    results: &'a Results,
    bus: &'a NatsBus,
    context: Context,
    raw: Arc<Raw>,
}

impl Round<'_> {
    /// `turn`: counts all of it, so that numbers and with them modseqs rise.
    async fn run(&self, name: &str, work: Work, turn: usize) -> Outcome<()> {
        let count = self.plan.notifications;
        let numbers = turn * count..(turn + 1) * count;
        let relay = RelayId(u64::try_from(turn)? + 1);
        let spool = Filled::with(work, numbers.clone(), relay)?;
        let before = self.stored(work).await?;
        let took = spool.publish(self.bus.clone()).await?;
        let written = self.stored(work).await? - before;
        // Merged changes would be faster than the client could be.
        if written * 20 < 19 * u64::try_from(count)? {
            return Err(format!("{count} notifications were {written} messages").into());
        }
        let sample = Arc::new(Sample::of(&self.context, work, numbers.end - 1, RELAY).await?);
        self.results.add(&format!("{name}_relay_rate"), self.peer, rate(count, took))?;
        for (writing, alone, part) in
            [(Writing::Over, "raw_rate", "relay_part"), (Writing::CompareAndSet, "set_rate", "set_part")]
        {
            // Jobs have their id for that.
            if writing == Writing::CompareAndSet && work == Work::Jobs {
                continue;
            }
            let raw = Arc::clone(&self.raw).publish(Arc::clone(&sample), work, writing, numbers.clone());
            let by_itself = tokio::spawn(raw).await??;
            self.results.add(&format!("{name}_{alone}"), self.peer, rate(count, by_itself))?;
            let percent = 100.0 * by_itself.as_secs_f64() / took.as_secs_f64();
            self.results.add(&format!("{name}_{part}"), self.peer, percent)?;
        }
        Ok(())
    }

    /// The last sequence of the stream.
    async fn stored(&self, work: Work) -> Outcome<u64> {
        let stream = self.context.get_stream(work.stream(RELAY)).await?;
        Ok(stream.cached_info().state.last_sequence)
    }
}

fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

/// A group that takes jobs and has no listener: without one NATS would keep none.
async fn keep_jobs(bus: &NatsBus) -> Outcome<()> {
    let backoff = Backoff { retries: 1, first: LONG, factor: 1, longest: LONG };
    let settings = GroupSettings { kinds: vec![JobKind::Alarm], concurrency: 1, run_timeout: LONG, backoff };
    bus.register_group(Group("bench".to_owned()), settings, Arc::new(Nobody)).await?.unregister();
    Ok(())
}

/// Nothing of it comes to pass.
const LONG: Duration = Duration::from_hours(1);

struct Nobody;

#[async_trait]
impl GroupListener for Nobody {
    async fn run(&self, _: Message, _: Attempt) -> Result<(), Failure> {
        Err(Failure::Retry("nobody is here".into()))
    }
}
