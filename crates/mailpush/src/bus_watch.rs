//! The bus, watched for operators: its gate, and how much work waits on it.

mod broker;

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use bus::{
    Bus,
    health::{DeadLetterHealth, check},
};
use kit::{drain::Drain, readiness::Gate};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

use self::broker::Broker;
use crate::site_bus::{Depth, SiteBus};

/// How often it is looked at: an operator's dashboard asks no oftener.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Numbers by group; groups are named in the program's text, so there are few.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfGroup {
    group: String,
}

/// Watches a bus.
pub struct BusWatch {
    bus: SiteBus,
    node: Arc<dyn Bus>,
    gate: Gate,
    broker: Option<Broker>,
    work: Option<Work>,
}

/// The work that waits, in numbers.
struct Work {
    jobs: Family<OfGroup, Gauge>,
    oldest: Family<OfGroup, Gauge<f64, AtomicU64>>,
    dead_letters: Family<OfGroup, Gauge>,
    degraded: Gauge,
}

impl BusWatch {
    /// `gate` is up while the bus answers. With `has_work` the numbers of what waits are registered and looked at.
    pub fn new(bus: SiteBus, gate: Gate, registry: &mut Registry, has_work: bool) -> Self {
        let broker = bus.nats_counts().map(|_| Broker::register(registry));
        let work = has_work.then(|| Work::register(registry));
        Self { node: bus.node(), bus, gate, broker, work }
    }

    /// Looks at once, and then every few seconds until `drain` begins.
    pub async fn run(self, drain: Drain) {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        while drain.token().run_until_cancelled(ticks.tick()).await.is_some() {
            self.look().await;
        }
        self.gate.down("draining");
    }

    async fn look(&self) {
        if let (Some(broker), Some(counts)) = (&self.broker, self.bus.nats_counts()) {
            broker.tell(counts);
        }
        match self.node.health().await {
            Ok(()) => self.gate.up(),
            Err(error) => return self.gate.down(error.to_string()),
        }
        let Some(work) = &self.work else { return };
        // Where the bus does not answer, the numbers stay as they were and the gate tells.
        for depth in self.bus.depth().await.unwrap_or_default() {
            work.tell(depth);
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
        Self { jobs, oldest, dead_letters, degraded }
    }

    /// Dead letters take nothing from the service, so that they do not close the gate.
    async fn judge(&self, bus: &dyn Bus) {
        match check(bus, &BTreeSet::new()).await {
            DeadLetterHealth::Healthy => drop(self.degraded.set(0)),
            DeadLetterHealth::Degraded(groups) => {
                if self.degraded.set(1) == 0 {
                    tracing::warn!(?groups, "Jobs that no retry could help wait for a person");
                }
            }
            // The gate tells.
            DeadLetterHealth::Unhealthy(_) => {}
        }
    }

    fn tell(&self, depth: Depth) {
        let of = OfGroup { group: depth.group.to_string() };
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.jobs.get_or_create(&of).set(number(depth.jobs));
        self.oldest.get_or_create(&of).set(depth.oldest.unwrap_or_default().as_secs_f64());
        self.dead_letters.get_or_create(&of).set(number(depth.dead_letters));
    }
}
