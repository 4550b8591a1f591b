//! What came of rounds.

use std::fmt;

use super::aim::{AIMS, Aim};
use crate::kill::hits::Hits;

#[derive(Debug, Default)]
pub struct Tally {
    pub rounds: u64,
    pub hits: Hits<Aim>,
    /// Notifications, to each of their numbers.
    pub told: u64,
    /// Of these: taken once.
    pub taken: u64,
    /// Refused for good.
    pub refused: u64,
    /// Nobody knows, each a dead letter.
    pub unknown: u64,
    /// Of these, such as the gateway has taken.
    pub unknown_taken: u64,
    /// Merged into a notice.
    pub merged: u64,
    pub without_credit: u64,
    /// Notices by text, and such of them as are in doubt or refused.
    pub notices: u64,
    pub unknown_notices: u64,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.rounds += other.rounds;
        self.hits.add(other.hits);
        self.told += other.told;
        self.taken += other.taken;
        self.refused += other.refused;
        self.unknown += other.unknown;
        self.unknown_taken += other.unknown_taken;
        self.merged += other.merged;
        self.without_credit += other.without_credit;
        self.notices += other.notices;
        self.unknown_notices += other.unknown_notices;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rounds, ", self.rounds)?;
        self.hits.tell(&AIMS, f)?;
        let Self { told, taken, refused, unknown, unknown_taken, merged, without_credit, notices, .. } = self;
        write!(
            f,
            "; {told} texts: {taken} taken once, {refused} refused, {unknown} in doubt ({unknown_taken} of them taken), \
             {merged} merged, {without_credit} without credit; {notices} notices, {} of them in doubt or refused",
            self.unknown_notices
        )
    }
}
