//! What dead letters say about the health of a bus.

use std::collections::BTreeSet;

use crate::{BusError, DeadLetters, Group};

/// The verdict.
#[derive(Debug)]
pub enum DeadLetterHealth {
    /// No group has any, of those that count.
    Healthy,
    /// These groups have some: work was left undone, and a person has to look.
    Degraded(Vec<Group>),
    /// The bus cannot tell.
    Unhealthy(BusError),
}

/// Judges what the bus said. Groups in `ignored` are known to leave dead letters that nobody needs to look at.
pub fn judge(groups: Result<Vec<Group>, BusError>, ignored: &BTreeSet<Group>) -> DeadLetterHealth {
    let groups = match groups {
        Ok(groups) => groups,
        Err(error) => return DeadLetterHealth::Unhealthy(error),
    };
    let counting: Vec<_> = groups.into_iter().filter(|group| !ignored.contains(group)).collect();
    if counting.is_empty() { DeadLetterHealth::Healthy } else { DeadLetterHealth::Degraded(counting) }
}

/// Asks the bus, and judges.
pub async fn check(
    letters: &(impl DeadLetters + Sync + ?Sized),
    ignored: &BTreeSet<Group>,
) -> DeadLetterHealth {
    judge(letters.groups_with_dead_letters().await, ignored)
}
