//! The bus, watched for operators: its gate, and how much work waits on it.

mod broker;
mod news;
mod streams;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use bus::{
    Bus, Group,
    health::{DeadLetterHealth, check},
};
use kit::{drain::Drain, readiness::Gate};
use notifyd::GROUPS;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};
use tokio::time::Instant;

use self::{
    broker::Broker,
    news::{News, Told},
    streams::Streams,
};
use crate::{
    bus_words::reason,
    site_bus::{Depth, SiteBus},
};

/// How often it is looked at: an operator's dashboard asks no oftener.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The same while it is not well: what changes then somebody waits for.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Numbers by group; groups are named in the program's text, so there are few.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfGroup {
    group: &'static str,
}

/// All groups that are none of ours, together: another release's, or names that somebody wrote into a stream.
const OTHER: &str = "other";

/// What a group is called in numbers.
fn label(group: &Group) -> &'static str {
    GROUPS.into_iter().find(|ours| *ours == group.0).unwrap_or(OTHER)
}

/// Watches a bus.
pub struct BusWatch {
    bus: SiteBus,
    node: Arc<dyn Bus>,
    gate: Gate,
    broker: Option<Broker>,
    streams: Option<Streams>,
    work: Option<Work>,
    told: Told,
}

/// The work that waits, in numbers.
struct Work {
    jobs: Family<OfGroup, Gauge>,
    oldest: Family<OfGroup, Gauge<f64, AtomicU64>>,
    dead_letters: Family<OfGroup, Gauge>,
    degraded: Gauge,
    /// What has been told once goes on being told, and be it nothing.
    told: BTreeMap<&'static str, Waiting>,
}

/// What waits for the groups of one label.
#[derive(Debug, Default)]
struct Waiting {
    jobs: u64,
    oldest: Duration,
    dead_letters: u64,
}

impl BusWatch {
    /// `gate` is up while the bus answers. With `has_work` the numbers of what waits are registered and looked at.
    pub fn new(bus: SiteBus, gate: Gate, registry: &mut Registry, has_work: bool) -> Self {
        let broker = bus.nats_counts().map(|_| Broker::register(registry));
        let streams = broker.is_some().then(|| Streams::register(registry));
        let work = has_work.then(|| Work::register(registry));
        Self { node: bus.node(), bus, gate, broker, streams, work, told: Told::new(Instant::now()) }
    }

    /// Looks at once, and then every few seconds until `drain` begins.
    pub async fn run(mut self, drain: Drain) {
        let token = drain.token();
        loop {
            let Some(is_well) = token.run_until_cancelled(self.look()).await else { break };
            let pause = if is_well { LOOK_EVERY } else { LOOK_AGAIN };
            if token.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                break;
            }
        }
        self.gate.down("draining");
    }

    /// Whether it is well.
    async fn look(&mut self) -> bool {
        if let (Some(broker), Some(counts)) = (&self.broker, self.bus.nats_counts()) {
            broker.tell(counts);
        }
        let why = self.node.health().await.err().map(|error| reason(&error));
        self.note(why.clone());
        if why.is_some() {
            return false;
        }
        self.measure().await;
        true
    }

    /// Says so in the log when it changes.
    fn note(&mut self, why: Option<String>) {
        match &why {
            Some(why) => self.gate.down(why.clone()),
            None => self.gate.up(),
        }
        match self.told.look(why, Instant::now()) {
            Some(News::NotReady(reason)) => tracing::warn!(reason, "Bus is not ready"),
            Some(News::Ready) => tracing::info!("Bus is ready"),
            None => {}
        }
    }

    /// Where the bus does not answer, the numbers stay as they were and the gate tells.
    async fn measure(&mut self) {
        if let Some(streams) = &mut self.streams
            && let SiteBus::Nats(bus) = &self.bus
        {
            streams.look(bus).await;
        }
        let Some(work) = &mut self.work else { return };
        if let Ok(depths) = self.bus.depth().await {
            work.tell(depths);
        }
        work.judge(&*self.node).await;
    }
}

impl Work {
    fn register(registry: &mut Registry) -> Self {
        let (jobs, oldest, dead_letters) = (Family::default(), Family::default(), Family::default());
        registry.register("bus_jobs", "Jobs that wait or run, by group", Family::clone(&jobs));
        let help = "Age of the oldest job that waits or runs, by group";
        registry.register("bus_oldest_job_age_seconds", help, Family::clone(&oldest));
        registry.register(
            "bus_dead_letters",
            "Jobs that no retry could help, by group",
            Family::clone(&dead_letters),
        );
        let degraded = Gauge::default();
        let help = "1 while dead letters wait for a person, of any group";
        registry.register("bus_degraded", help, degraded.clone());
        Self { jobs, oldest, dead_letters, degraded, told: BTreeMap::new() }
    }

    /// Dead letters take nothing from the service, so that they do not close the gate.
    async fn judge(&self, bus: &dyn Bus) {
        match check(bus, &BTreeSet::new()).await {
            DeadLetterHealth::Healthy => drop(self.degraded.set(0)),
            DeadLetterHealth::Degraded(groups) => {
                if self.degraded.set(1) == 0 {
                    let groups: BTreeSet<_> = groups.iter().map(label).collect();
                    tracing::warn!(?groups, "Jobs that no retry could help wait for a person");
                }
            }
            // The gate tells.
            DeadLetterHealth::Unhealthy(_) => {}
        }
    }

    fn tell(&mut self, depths: Vec<Depth>) {
        self.told.values_mut().for_each(|waiting| *waiting = Waiting::default());
        for Depth { group, jobs, oldest, dead_letters } in depths {
            let waiting = self.told.entry(label(&group)).or_default();
            waiting.jobs = waiting.jobs.saturating_add(jobs);
            waiting.oldest = waiting.oldest.max(oldest.unwrap_or_default());
            waiting.dead_letters = waiting.dead_letters.saturating_add(dead_letters);
        }
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        for (&group, waiting) in &self.told {
            let of = OfGroup { group };
            self.jobs.get_or_create(&of).set(number(waiting.jobs));
            self.oldest.get_or_create(&of).set(waiting.oldest.as_secs_f64());
            self.dead_letters.get_or_create(&of).set(number(waiting.dead_letters));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(group: &str, dead_letters: u64) -> Depth {
        let oldest = Some(Duration::from_secs(dead_letters));
        Depth { group: Group(group.to_owned()), jobs: 1, oldest, dead_letters }
    }

    #[test]
    fn groups_that_are_none_of_ours_are_counted_as_one() {
        let mut registry = Registry::default();
        let mut work = Work::register(&mut registry);
        let forged = (0..1000).map(|number| depth(&format!("forged-{number}"), 2));
        work.tell(forged.chain([depth("webhook", 3)]).collect());
        let told = |registry: &Registry| {
            let mut text = String::new();
            prometheus_client::encoding::text::encode(&mut text, registry).unwrap();
            let lines = text.lines().filter(|line| line.contains("{group="));
            lines.map(str::to_owned).collect::<BTreeSet<_>>()
        };
        let expected = [
            "bus_dead_letters{group=\"other\"} 2000",
            "bus_dead_letters{group=\"webhook\"} 3",
            "bus_jobs{group=\"other\"} 1000",
            "bus_jobs{group=\"webhook\"} 1",
            "bus_oldest_job_age_seconds{group=\"other\"} 2.0",
            "bus_oldest_job_age_seconds{group=\"webhook\"} 3.0",
        ];
        assert_eq!(told(&registry), expected.map(str::to_owned).into());

        work.tell(Vec::new());
        assert!(told(&registry).contains("bus_dead_letters{group=\"other\"} 0"), "they were taken away");
    }
}
