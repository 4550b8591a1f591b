//! How much waits, for an operator's metrics.

use std::{collections::BTreeMap, time::Duration};

use bus::{BusError, Group};
use bus_node::until;
use mailbox_event::UnixMillis;

use super::{Broker, GroupToken, Place, Source, broker::ConsumerInfo};
use crate::{
    NatsBus,
    error::CallError,
    streams::{DEAD, JOBS, PARKED},
    worker::since,
};

/// How much work a group has before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupDepth {
    /// The group.
    pub group: Group,
    /// Jobs that wait or run.
    pub pending: u64,
    /// How long ago the oldest of them was dispatched.
    pub oldest: Option<Duration>,
    /// Jobs that wait for the time of their next attempt. 0 for a group without consumers, as after the stream of jobs
    /// was deleted: they are counted once a node has registered the group again.
    pub parked: u64,
    /// Its dead letters.
    pub dead_letters: u64,
}

impl NatsBus {
    /// How much work each group has before it, on all nodes: every group that has consumers or dead letters, by name.
    /// Costs the server a call for each consumer and two for each group that has any: ask it seldom.
    pub async fn depth(&self) -> Result<Vec<GroupDepth>, BusError> {
        Ok(depth(&Broker::new(self.open_node()?)).await?)
    }
}

async fn depth(broker: &Broker) -> Result<Vec<GroupDepth>, CallError> {
    let mut consumers: BTreeMap<Group, Vec<(Source, ConsumerInfo)>> = BTreeMap::new();
    for info in broker.consumers().await? {
        if let Some((source, group)) = Source::of_consumer(&info.name) {
            consumers.entry(group).or_default().push((source, info));
        }
    }
    let dead = broker.subjects(DEAD, &broker.names.all_of("dead")).await?;
    for group in dead.keys().filter_map(|subject| GroupToken::group(subject.rsplit('.').next()?)) {
        consumers.entry(group).or_default();
    }
    let mut depths = Vec::new();
    for (group, consumers) in consumers {
        // A name that was read from a token has one.
        let Ok(place) = Place::new(&broker.settings.prefix, &group) else { continue };
        let dead_letters = dead.get(&place.dead()).copied().unwrap_or(0);
        depths.push(of_group(broker, &place, &consumers, dead_letters).await?);
    }
    Ok(depths)
}

async fn of_group(
    broker: &Broker,
    place: &Place,
    consumers: &[(Source, ConsumerInfo)],
    dead_letters: u64,
) -> Result<GroupDepth, CallError> {
    let (mut pending, mut oldest) = (0, None::<UnixMillis>);
    for (source, info) in consumers {
        let count = info.num_pending + info.num_ack_pending;
        pending += count;
        if count > 0
            && let Some(lying) =
                broker.next(JOBS, info.ack_floor.stream_seq + 1, &place.filter(*source)).await?
        {
            let since = since(&lying.headers, lying.stored);
            oldest = Some(oldest.map_or(since, |oldest| oldest.min(since)));
        }
    }
    // Of a group without consumers there may be nothing but what somebody wrote into the stream of dead letters, under as
    // many names as he likes: a name alone costs no call.
    let parked = if consumers.is_empty() { 0 } else { broker.count(PARKED, &place.all_parked()).await? };
    let oldest = oldest.map(|oldest| until(oldest, broker.now()));
    Ok(GroupDepth { group: place.group.clone(), pending, oldest, parked, dead_letters })
}
