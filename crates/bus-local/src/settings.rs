//! Settings: the bounds of everything the bus keeps.

use std::time::Duration;

use kit::config::Validate;
use serde::{Deserialize, Serialize};

/// The bounds of a [`crate::LocalBus`]. Every field has a default that suits a site of some ten thousand accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LocalBusSettings {
    /// Calls that wait for the writer; further callers wait for room. What comes in while a disk stalls for a tenth
    /// of a second: listeners of a state hear it when its call is taken. At least 1.
    pub writer_queue: usize,
    /// The largest value and payload, in octets: NATS' own default, so that what fits here fits there.
    pub largest_value: usize,
    /// Octets of states held in memory for readers, about 200 with each: all those of ten thousand accounts several
    /// times over. A state that is not among them is read from the file, behind the writer's queue.
    pub state_cache: usize,
    /// Octets of KV values held in memory for readers, about 250 with each: those of ten thousand accounts several times
    /// over. A value that is not among them is read from the file, behind the writer's queue.
    pub value_cache: usize,
    /// Jobs that wait or run, all groups together; a job beyond is refused with [`bus::BusError::Full`] and stays
    /// with its sender. At a few KB each this is some hundred MB of disk.
    pub max_jobs: u64,
    /// Dead letters, all groups together. When they are full, a job that would die stays with its group and is
    /// tried again at its longest wait: nothing is thrown away unseen.
    pub max_dead_letters: u64,
    /// How long a finished job is known, so that the same message dispatched again makes no second one:
    /// longer than a sender needs to come back from an outage and send its spool again.
    #[serde(with = "kit::config::duration")]
    pub remember_finished: Duration,
    /// Finished jobs known at most; the oldest are forgotten first. About 100 octets each.
    pub max_finished: u64,
    /// Values in all KV buckets; a further key is refused with [`bus::BusError::Full`]. That each is there is held in
    /// memory, at about 30 octets.
    pub max_values: u64,
    /// Registrations of key listeners on one node: one per open connection and account it watches.
    pub max_key_registrations: usize,
    /// Runs of asynchronous key listeners at the same time on one node; further ones are dropped and counted, for
    /// live delivery may not queue without end.
    pub max_live_runs: usize,
}

impl Default for LocalBusSettings {
    fn default() -> Self {
        Self {
            writer_queue: 2048,
            largest_value: 1 << 20,
            state_cache: 64 << 20,
            value_cache: 16 << 20,
            max_jobs: 100_000,
            max_dead_letters: 10_000,
            remember_finished: Duration::from_hours(2),
            max_finished: 200_000,
            max_values: 200_000,
            max_key_registrations: 1_000_000,
            max_live_runs: 1024,
        }
    }
}

impl Validate for LocalBusSettings {
    fn problems(&self) -> Vec<String> {
        let numbers = [
            ("largest_value", self.largest_value as u64),
            ("max_jobs", self.max_jobs),
            ("max_values", self.max_values),
            ("max_key_registrations", self.max_key_registrations as u64),
            ("max_live_runs", self.max_live_runs as u64),
        ];
        let none = numbers.iter().filter(|(_, number)| *number == 0);
        none.map(|(name, _)| format!("{name}: must be at least 1")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bounded_by_nothing_is_named() {
        assert_eq!(LocalBusSettings::default().problems(), Vec::<String>::new());
        let none = LocalBusSettings { max_live_runs: 0, max_jobs: 0, ..LocalBusSettings::default() };
        assert_eq!(none.problems(), ["max_jobs: must be at least 1", "max_live_runs: must be at least 1"]);
    }
}
