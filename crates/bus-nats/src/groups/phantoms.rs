//! Jobs that a consumer waits for and that its stream has no more.
//!
//! A server takes a job away as soon as nobody needs it any more, and writes down what a consumer knows up to a tenth of
//! a second later. When it is killed between the two, the consumer of the next start waits for the acknowledgement of a
//! job that is not there. NATS 2.9 then tries for ever to give it out again, and logs "deleted message" each time, unless
//! every older job is gone too. Nothing is lost: the job was settled. But it would be counted as running, and it holds a
//! place among those that the consumer may give out. So it is acknowledged once more, which does no harm to anyone: a
//! place in a stream is never taken twice.

mod walk;

use std::{collections::HashMap, time::Duration};

use super::{Broker, Place, Source, broker::ConsumerInfo};
use crate::{error::CallError, every::Every, streams::JOBS};
use walk::Walk;

/// How often consumers are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// Jobs that are read at one look at one consumer, each with a call; what is left is read at the next.
const MOST_READ: usize = 256;

/// See the module. Belongs to who holds the group's lease.
#[derive(Debug)]
pub(crate) struct Phantoms {
    time: Every,
    /// By consumer. Bounded: a group has as many as its kinds and urgencies.
    stalled: HashMap<String, Stalled>,
}

/// A consumer all of whose jobs up to `floor` are settled, and that of the next is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stalled {
    floor: u64,
    /// Where the next look begins.
    next: u64,
}

impl Default for Phantoms {
    fn default() -> Self {
        Self { time: Every::new(LOOK), stalled: HashMap::new() }
    }
}

impl Phantoms {
    /// Looks, when it is time.
    pub(crate) async fn look(&mut self, broker: &Broker, place: &Place) -> Result<(), CallError> {
        if !self.time.is_due(broker.now()) {
            return Ok(());
        }
        let consumers = broker.consumers().await?;
        let last = broker.last_sequence(JOBS).await?;
        for info in &consumers {
            if Source::of_consumer(&info.name).is_some_and(|(_, group)| group == place.group)
                && let Some(mut walk) = self.note(info, last)
            {
                acknowledge_gone(broker, &info.name, &mut walk).await?;
                self.go_on(info, &walk);
            }
        }
        Ok(())
    }

    /// What is to be looked at of a consumer: nothing, unless its first job that is not settled is the same as at the
    /// last look. `last` is the last place of the stream.
    fn note(&mut self, info: &ConsumerInfo, last: u64) -> Option<Walk> {
        let floor = info.ack_floor.stream_seq;
        if info.num_ack_pending == 0 {
            self.stalled.remove(&info.name);
            return None;
        }
        let begun = Stalled { floor, next: floor.saturating_add(1) };
        let before = self.stalled.insert(info.name.clone(), begun).filter(|before| before.floor == floor)?;
        self.stalled.insert(info.name.clone(), before);
        let walk = Walk::new(before.next, info.delivered.stream_seq);
        // Who answers may not have all yet that the consumer gave out: then nothing is known to be gone.
        walk.is_within(last).then_some(walk)
    }

    /// The next look goes on where this one ended, or begins again.
    fn go_on(&mut self, info: &ConsumerInfo, walk: &Walk) {
        if let Some(stalled) = self.stalled.get_mut(&info.name) {
            stalled.next = walk.place().unwrap_or(stalled.floor.saturating_add(1));
        }
    }
}

/// Acknowledges what is not in the stream.
async fn acknowledge_gone(broker: &Broker, consumer: &str, walk: &mut Walk) -> Result<(), CallError> {
    for _ in 0..MOST_READ {
        let Some(place) = walk.place() else { break };
        for gone in walk.pass(broker.leaders_next(JOBS, place).await?) {
            broker.acknowledge_at(consumer, gone).await;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::broker::Floor;

    fn info(floor: u64, waiting: u64) -> ConsumerInfo {
        ConsumerInfo {
            name: "normal-retry-g".to_owned(),
            num_pending: 0,
            num_ack_pending: waiting,
            ack_floor: Floor { stream_seq: floor },
            delivered: Floor { stream_seq: 20 },
        }
    }

    fn places(walk: Option<Walk>) -> Option<(u64, u64)> {
        walk.map(|walk| (walk.place().unwrap(), walk.last()))
    }

    #[test]
    fn only_a_consumer_that_stands_still_is_looked_at() {
        let mut phantoms = Phantoms::default();
        let mut note = |floor, waiting| places(phantoms.note(&info(floor, waiting), 20));
        assert_eq!(note(5, 1), None, "it may have come a moment ago");
        assert_eq!(note(5, 1), Some((6, 20)));
        assert_eq!(note(7, 1), None, "it goes on");
        assert_eq!(note(7, 0), None, "nothing waits");
        assert_eq!(note(7, 1), None, "something else waits");
        assert_eq!(note(7, 1), Some((8, 20)));
    }

    #[test]
    fn nothing_is_known_to_be_gone_from_who_lags_behind() {
        let mut phantoms = Phantoms::default();
        let mut note = |last| places(phantoms.note(&info(5, 1), last));
        assert_eq!((note(20), note(19), note(20), note(21)), (None, None, Some((6, 20)), Some((6, 20))));
    }

    #[test]
    fn a_look_goes_on_where_the_last_ended_and_begins_again_after_the_end() {
        let mut phantoms = Phantoms::default();
        phantoms.note(&info(5, 1), 20);
        let mut walk = phantoms.note(&info(5, 1), 20).unwrap();
        walk.pass(Some(9));
        phantoms.go_on(&info(5, 1), &walk);
        let mut walk = phantoms.note(&info(5, 1), 20).unwrap();
        assert_eq!(walk.place(), Some(10));
        walk.pass(None);
        phantoms.go_on(&info(5, 1), &walk);
        assert_eq!(places(phantoms.note(&info(5, 1), 20)), Some((6, 20)));
    }
}
