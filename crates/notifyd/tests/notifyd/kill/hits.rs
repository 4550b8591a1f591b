//! How often notifyd was killed where it was aimed.

use std::{
    collections::BTreeMap,
    fmt::{self, Debug},
};

/// Kills at places of the kind `A`.
#[derive(Debug)]
pub struct Hits<A> {
    /// Those that landed where they were aimed.
    aimed: BTreeMap<A, u64>,
    later: u64,
    missed: u64,
}

impl<A> Default for Hits<A> {
    fn default() -> Self {
        Self { aimed: BTreeMap::new(), later: 0, missed: 0 }
    }
}

impl<A: Ord + Debug> Hits<A> {
    /// `is_random`: some time after a place, so that there is no more to hit.
    pub fn killed(&mut self, aim: A, is_random: bool, is_hit: bool) {
        match (is_hit, is_random) {
            (false, _) => self.missed += 1,
            (true, true) => self.later += 1,
            (true, false) => *self.aimed.entry(aim).or_default() += 1,
        }
    }

    pub fn add(&mut self, other: Self) {
        for (aim, hits) in other.aimed {
            *self.aimed.entry(aim).or_default() += hits;
        }
        self.later += other.later;
        self.missed += other.missed;
    }

    pub fn assert_every(&self, aims: &[A]) {
        for aim in aims {
            assert!(self.aimed.contains_key(aim), "never hit: {aim:?}");
        }
    }

    /// In words, of all these `aims`.
    pub fn tell(&self, aims: &[A], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: u64 = self.aimed.values().sum();
        let fewest = aims.iter().map(|aim| self.aimed.get(aim).copied().unwrap_or_default()).min();
        let (fewest, Self { later, missed, .. }) = (fewest.unwrap_or_default(), self);
        let of = aims.len();
        write!(
            f,
            "{all} aimed kills (each of {of} aims at least {fewest} times), {later} at random times, {missed} missed"
        )
    }
}
