//! How full the streams on NATS are.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use bus_nats::{NatsBus, StreamSize};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

/// A call for each stream, from each process: not as often as the rest.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// So full a stream is worth a word, in hundredths of its bound; it fills within hours at most when a consumer is away.
const FULL: u64 = 80;

/// Below this it may be told again.
const WELL: u64 = 70;

/// Streams are those of one installation, so there are few.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStream {
    stream: String,
}

/// See the module.
#[derive(Default)]
pub struct Streams {
    octets: Family<OfStream, Gauge>,
    bounds: Family<OfStream, Gauge>,
    messages: Family<OfStream, Gauge>,
    looked: Option<Instant>,
    told: BTreeSet<String>,
}

impl Streams {
    /// Registers the metrics.
    pub fn register(registry: &mut Registry) -> Self {
        let streams = Self::default();
        for (name, help, family) in [
            ("bus_stream_bytes", "Octets in a stream of NATS", &streams.octets),
            ("bus_stream_bound_bytes", "Octets that a stream of NATS may have", &streams.bounds),
            ("bus_stream_messages", "Messages in a stream of NATS", &streams.messages),
        ] {
            registry.register(name, help, Family::clone(family));
        }
        streams
    }

    /// Looks, if it is time. Where NATS does not say, the numbers stay as they were.
    pub async fn look(&mut self, bus: &NatsBus) {
        let now = Instant::now();
        if self.looked.is_some_and(|looked| now.duration_since(looked) < LOOK_EVERY) {
            return;
        }
        let Ok(sizes) = bus.stream_sizes().await else { return };
        self.looked = Some(now);
        for size in sizes {
            if self.tell(&size) {
                tracing::warn!(
                    stream = size.stream,
                    octets = size.octets,
                    bound = size.bound,
                    "Stream is nearly full"
                );
            }
        }
    }

    /// Whether somebody should be told that it is nearly full, and was not yet.
    fn tell(&mut self, size: &StreamSize) -> bool {
        let of = OfStream { stream: size.stream.clone() };
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.octets.get_or_create(&of).set(number(size.octets));
        self.messages.get_or_create(&of).set(number(size.messages));
        let Some(bound) = size.bound else { return false };
        self.bounds.get_or_create(&of).set(number(bound));
        let hundredths = size.octets.saturating_mul(100) / bound.max(1);
        if hundredths < WELL {
            self.told.remove(&size.stream);
        }
        hundredths >= FULL && self.told.insert(size.stream.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_fills_is_told_once_until_it_is_well() {
        let mut streams = Streams::default();
        let mut tell = |octets| {
            let bound = Some(1000);
            streams.tell(&StreamSize { stream: "s".to_owned(), octets, messages: 1, bound })
        };
        let told = [799, 800, 900, 750, 1000, 699, 800].map(&mut tell);
        assert_eq!(told, [false, true, false, false, false, false, true]);
        let boundless = StreamSize { stream: "t".to_owned(), octets: 9, messages: 1, bound: None };
        assert!(!streams.tell(&boundless));
    }
}
