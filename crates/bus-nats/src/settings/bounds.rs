//! The bounds of what the bus keeps in NATS and in a node.

use kit::config::Validate;
use serde::{Deserialize, Serialize};

/// Octets are those of NATS' files. What is beyond is refused with [`bus::BusError::Full`] and stays with its sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bounds {
    /// The STATE of all accounts: about 1 KiB each.
    #[serde(with = "kit::config::size")]
    pub state: u64,
    /// Jobs that wait or run, all groups together.
    #[serde(with = "kit::config::size")]
    pub jobs: u64,
    /// Jobs that wait for their next attempt.
    #[serde(with = "kit::config::size")]
    pub parked: u64,
    /// Dead letters. When they are full, a job that would die stays with its group.
    #[serde(with = "kit::config::size")]
    pub dead: u64,
    /// Each KV bucket.
    #[serde(with = "kit::config::size")]
    pub bucket: u64,
    /// The largest value and payload: what NATS takes by default (1 MiB), less the room for headers.
    #[serde(with = "kit::config::size")]
    pub largest_value: usize,
    /// Registrations of key listeners on one node: one per open connection and account it watches.
    pub max_key_registrations: usize,
    /// Runs of asynchronous key listeners at the same time on one node; further ones are dropped and counted.
    pub max_live_runs: usize,
    /// Live messages of one key that wait in a node; what is beyond is dropped by the client and counted, and states are
    /// healed. Room is taken when it is needed only.
    pub key_queue: usize,
    /// The same for all keys together, in broadcast mode.
    pub broadcast_queue: usize,
    /// States that are read at the same time to heal what may have been missed.
    pub heals_at_once: usize,
}

/// What a node counts one by one has places in its memory.
const MOST: usize = 1 << 30;
/// A state takes about 1 KiB, one with a few shared mailboxes some more.
const LEAST_VALUE: usize = 4 << 10;

impl Default for Bounds {
    fn default() -> Self {
        Self {
            state: 1 << 30,
            jobs: 1 << 30,
            parked: 256 << 20,
            dead: 256 << 20,
            bucket: 256 << 20,
            largest_value: 960 << 10,
            max_key_registrations: 1_000_000,
            max_live_runs: 1024,
            key_queue: 4096,
            broadcast_queue: 65_536,
            heals_at_once: 32,
        }
    }
}

impl Validate for Bounds {
    fn problems(&self) -> Vec<String> {
        let sizes = [
            ("state", self.state),
            ("jobs", self.jobs),
            ("parked", self.parked),
            ("dead", self.dead),
            ("bucket", self.bucket),
            ("largest_value", self.largest_value as u64),
        ];
        let counts = [
            ("max_key_registrations", self.max_key_registrations),
            ("max_live_runs", self.max_live_runs),
            ("key_queue", self.key_queue),
            ("broadcast_queue", self.broadcast_queue),
            ("heals_at_once", self.heals_at_once),
        ];
        let none = counts.map(|(name, count)| (name, count as u64)).into_iter().chain(sizes);
        let small =
            none.filter(|(_, size)| *size == 0).map(|(name, _)| format!("{name}: must be at least 1"));
        let huge = sizes
            .iter()
            // NATS counts octets in a signed number.
            .filter(|(_, size)| i64::try_from(*size).is_err())
            .map(|(name, _)| format!("{name}: is more than NATS can count"));
        let many = counts.into_iter().filter(|(_, count)| *count > MOST);
        let many = many.map(|(name, _)| format!("{name}: must be at most {MOST}"));
        let narrow = (1..LEAST_VALUE).contains(&self.largest_value);
        let narrow = narrow.then(|| "largest_value: must be at least 4KiB, or states do not fit".to_owned());
        small.chain(huge).chain(many).chain(narrow).collect()
    }
}
