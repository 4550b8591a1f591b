//! Jobs that a consumer waits for and that its stream has no more.
//!
//! A server takes a job away as soon as nobody needs it any more, and writes down what a consumer knows up to a tenth of
//! a second later. When it is killed between the two, the consumer of the next start waits for the acknowledgement of a
//! job that is not there. NATS 2.9 then tries for ever to give it out again, and logs "deleted message" each time, unless
//! every older job is gone too. Nothing is lost: the job was settled. But it would be counted as running, and it holds a
//! place among those that the consumer may give out. So it is acknowledged once more, which does no harm to anyone: a
//! place in a stream is never taken twice.

use std::{collections::HashMap, ops::RangeInclusive, time::Duration};

use mailbox_event::UnixMillis;

use super::{Broker, Place, Source, broker::ConsumerInfo};
use crate::{error::CallError, streams::JOBS};

/// How often consumers are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// Jobs that are read at one look at one consumer, each with a call; what is left is read at the next.
const MOST_READ: usize = 256;

/// Acknowledgements sent at one look at one consumer, for the same reason.
const MOST_ACKNOWLEDGED: u64 = 8192;

/// See the module. Belongs to who holds the group's lease.
#[derive(Debug, Default)]
pub(crate) struct Phantoms {
    last_look: Option<UnixMillis>,
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

impl Phantoms {
    /// Looks, when it is time.
    pub(crate) async fn look(&mut self, broker: &Broker, place: &Place) -> Result<(), CallError> {
        let now = broker.now();
        if self.last_look.is_some_and(|last| last <= now && now < bus_node::later(last, LOOK)) {
            return Ok(());
        }
        self.last_look = Some(now);
        for info in broker.consumers().await? {
            if Source::of_consumer(&info.name).is_some_and(|(_, group)| group == place.group) {
                self.look_at(broker, &info).await?;
            }
        }
        Ok(())
    }

    async fn look_at(&mut self, broker: &Broker, info: &ConsumerInfo) -> Result<(), CallError> {
        let Some(range) = self.note(info) else { return Ok(()) };
        // Who answers may not have all yet that the consumer gave out: then nothing is known to be gone.
        if broker.last_sequence(JOBS).await? < *range.end() {
            return Ok(());
        }
        let last = *range.end();
        let next = acknowledge_gone(broker, &info.name, range).await?;
        if let Some(stalled) = self.stalled.get_mut(&info.name) {
            stalled.next = if next > last { stalled.floor + 1 } else { next };
        }
        Ok(())
    }

    /// What is to be looked at of a consumer: nothing, unless its first job that is not settled is the same as at the
    /// last look.
    fn note(&mut self, info: &ConsumerInfo) -> Option<RangeInclusive<u64>> {
        let floor = info.ack_floor.stream_seq;
        if info.num_ack_pending == 0 {
            self.stalled.remove(&info.name);
            return None;
        }
        let begun = Stalled { floor, next: floor + 1 };
        match self.stalled.insert(info.name.clone(), begun) {
            Some(before) if before.floor == floor => {
                self.stalled.insert(info.name.clone(), before);
                Some(before.next..=info.delivered.stream_seq)
            }
            _ => None,
        }
    }
}

/// Acknowledges what is not in the stream. Tells where to go on.
async fn acknowledge_gone(
    broker: &Broker,
    consumer: &str,
    range: RangeInclusive<u64>,
) -> Result<u64, CallError> {
    let (mut next, last) = range.into_inner();
    let mut acknowledged = 0;
    for _ in 0..MOST_READ {
        if next > last || acknowledged >= MOST_ACKNOWLEDGED {
            break;
        }
        let found = broker.leaders_next(JOBS, next).await?;
        let gone_to = found.map_or(last, |found| last.min(found.saturating_sub(1)));
        let gone_to = gone_to.min(next.saturating_add(MOST_ACKNOWLEDGED));
        for sequence in next..=gone_to {
            broker.acknowledge_at(consumer, sequence).await;
            acknowledged += 1;
        }
        next = if found == Some(gone_to + 1) { gone_to + 2 } else { gone_to + 1 };
    }
    Ok(next)
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

    #[test]
    fn only_a_consumer_that_stands_still_is_looked_at() {
        let mut phantoms = Phantoms::default();
        assert_eq!(phantoms.note(&info(5, 1)), None, "it may have come a moment ago");
        assert_eq!(phantoms.note(&info(5, 1)), Some(6..=20));
        assert_eq!(phantoms.note(&info(7, 1)), None, "it goes on");
        assert_eq!(phantoms.note(&info(7, 0)), None, "nothing waits");
        assert_eq!(phantoms.note(&info(7, 1)), None, "something else waits");
        assert_eq!(phantoms.note(&info(7, 1)), Some(8..=20));
    }
}
