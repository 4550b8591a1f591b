//! What happened between this process and NATS, counted for operators.

use bus_nats::NatsCounts;
use prometheus_client::{metrics::counter::Counter, registry::Registry};

/// The counts, as metrics.
#[derive(Default)]
pub struct Broker {
    connections: Counter,
    slow_consumer: Counter,
    gaps: Counter,
    healed: Counter,
    unreadable: Counter,
}

impl Broker {
    /// Registers them.
    pub fn register(registry: &mut Registry) -> Self {
        let broker = Self::default();
        for (name, help, counter) in [
            ("bus_connections", "Connections to NATS that were made", &broker.connections),
            (
                "bus_slow_consumer",
                "Live messages that this process did not take fast enough",
                &broker.slow_consumer,
            ),
            ("bus_gaps", "States that did not come and were followed by a later one", &broker.gaps),
            ("bus_healed", "States that were missed, found by a read, and told then", &broker.healed),
            ("bus_unreadable", "Live messages that could not be read", &broker.unreadable),
        ] {
            registry.register(name, help, counter.clone());
        }
        broker
    }

    /// Brings the metrics up to `counts`, which only rise.
    pub fn tell(&self, counts: NatsCounts) {
        for (counter, count) in [
            (&self.connections, counts.connections),
            (&self.slow_consumer, counts.slow_consumer),
            (&self.gaps, counts.gaps),
            (&self.healed, counts.healed),
            (&self.unreadable, counts.unreadable),
        ] {
            counter.inc_by(count.saturating_sub(counter.get()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_told_once() {
        let broker = Broker::register(&mut Registry::default());
        for gaps in [2, 2, 5] {
            broker.tell(NatsCounts { gaps, ..NatsCounts::default() });
            assert_eq!(broker.gaps.get(), gaps);
        }
        assert_eq!(broker.healed.get(), 0);
    }
}
