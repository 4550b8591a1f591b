//! Groups: durable work that is done once per cluster.
//!
//! A job lies in the stream JOBS until each group that takes its kind has acknowledged it. A group is durable consumers,
//! one for each urgency and kind, and one for each urgency of what is given back to it. What waits for its next attempt
//! lies in PARKED, where it holds no place; who holds the group's lease gives it back when it is due. What no attempt
//! could help lies in DEAD.
//!
//! A job is as safe as its server. A single NATS 2.9.10 that is killed while it works (SIGKILL) comes up now and then
//! without jobs that it had acknowledged and that no consumer was given: started several times on one copy of such a
//! store, it kept them at some starts and threw them away at others, before any client was there. Nobody outside can
//! mend that.

mod broker;
mod consumers;
mod depth;
mod names;
mod phantoms;
mod place;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_nats::Subscriber;
use bus::{BusError, DeadLetterId, Group, GroupListener, GroupSettings, JobKind, Message, Registration};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::sync::{Notify, watch};

pub(crate) use broker::Lying;
pub(crate) use broker::{Broker, millis};
pub(crate) use consumers::make as make_consumers;
pub use depth::GroupDepth;
pub(crate) use names::{GroupToken, Source};
pub(crate) use phantoms::Phantoms;
pub(crate) use place::Place;

use crate::{
    dead,
    error::CallError,
    live::with_id,
    node::Node,
    parked::Sweeper,
    streams::JOBS,
    subjects::Names,
    worker::{Ends, Runner, Worker},
};

/// Between two attempts at consumers for which there is no room.
const LACKING: Duration = Duration::from_secs(1);

/// The groups of this node.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    /// Those that have a listener.
    taken: Arc<Mutex<HashSet<Group>>>,
    /// Those that wait for their consumers, for want of room for them.
    lacking: Mutex<HashSet<Group>>,
}

impl Groups {
    /// Fails while a group waits for its consumers, for want of room for them.
    pub(crate) fn check(&self, names: &Names) -> Result<(), CallError> {
        let is_one_lacking = !self.lacking.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        if is_one_lacking { Err(CallError::FewConsumers(names.stream(JOBS))) } else { Ok(()) }
    }

    /// Whether this node has any.
    pub(crate) fn is_empty(&self) -> bool {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Whether that is news.
    fn note_lack(&self, group: &Group, is_lacking: bool) -> bool {
        let mut lacking = self.lacking.lock().unwrap_or_else(PoisonError::into_inner);
        if is_lacking { lacking.insert(group.clone()) } else { lacking.remove(group) }
    }

    /// Holds the group's place on this node until it is dropped.
    fn take(&self, group: &Group) -> Result<Registration, BusError> {
        if !self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(group.clone()) {
            return Err(BusError::GroupTaken);
        }
        let (groups, group) = (self.taken.clone(), group.clone());
        Ok(Registration::new(move || {
            groups.lock().unwrap_or_else(PoisonError::into_inner).remove(&group);
        }))
    }

    fn has(&self, group: &Group) -> bool {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).contains(group)
    }
}

/// Has `listener` run the jobs of `group` on this node.
pub(crate) async fn register(
    node: &Arc<Node>,
    group: Group,
    settings: GroupSettings,
    listener: Arc<dyn GroupListener>,
) -> Result<Registration, BusError> {
    let place = Arc::new(place(node, &group)?);
    let taken = node.groups.take(&group)?;
    let broker = Broker::new(node);
    node.caller.check()?;
    let present = subscribe(node, place.present()).await?;
    let bell = subscribe(node, place.bell()).await?;
    // Their answers come after the server has taken the subscriptions, on the same connection.
    make_patiently(&broker, &place, &settings.kinds).await?;
    consumers::leave_others(&broker, &place, &settings.kinds).await?;
    let (hold, dropped) = watch::channel(());
    let ends = || Ends { dropped: dropped.clone(), closing: node.closing.subscribe() };
    let parked = Arc::new(Notify::new());
    let longest = settings.backoff.longest;
    let runner = Runner::new(broker.clone(), place.clone(), settings, listener, parked.clone());
    let worker = Worker::begin(runner).await?;
    tokio::spawn(worker.work(ends()));
    tokio::spawn(Sweeper::new(broker.clone(), place, longest, bell, parked).sweep(ends()));
    tokio::spawn(say_present(broker, present, ends()));
    Ok(Registration::new(move || drop((hold, taken))))
}

/// Makes the consumers of a group, and waits for an operator where NATS takes no more of them.
async fn make_patiently(broker: &Broker, place: &Place, kinds: &[JobKind]) -> Result<(), BusError> {
    loop {
        let made = consumers::make(broker, place, kinds).await;
        let lacks = made.as_ref().is_err_and(|error| matches!(error, CallError::FewConsumers(_)));
        if broker.groups.note_lack(&place.group, lacks) && lacks {
            let stream = broker.names.stream(JOBS);
            tracing::error!(stream, group = %place.group, "NATS takes no more consumers: raise max_consumers");
        }
        if !lacks {
            return Ok(made?);
        }
        tokio::time::sleep(LACKING).await;
        broker.check_not_closed()?;
    }
}

pub(crate) fn place(node: &Node, group: &Group) -> Result<Place, BusError> {
    Ok(Place::new(&node.settings.prefix, group)
        .map_err(|names::NameTooLong { octets, limit }| CallError::TooLarge { octets, limit })?)
}

async fn subscribe(node: &Node, subject: String) -> Result<Subscriber, CallError> {
    node.client.subscribe(subject).await.map_err(|error| CallError::Sending(error.into()))
}

/// Answers whoever asks whether a node listens. The interest itself is the registration: it ends with the connection.
async fn say_present(broker: Broker, mut present: Subscriber, mut ends: Ends) {
    loop {
        tokio::select! {
            biased;
            () = ends.come() => return,
            question = present.next() => match question {
                Some(question) => {
                    if let Some(reply) = question.reply {
                        broker.say(reply.to_string(), Bytes::new()).await;
                    }
                }
                None => return,
            },
        }
    }
}

/// Whether any node has a listener of the group. A connection does not hear its own question.
async fn is_present(node: &Node, place: &Place) -> Result<bool, BusError> {
    if node.groups.has(&place.group) {
        return Ok(true);
    }
    match node.caller.call(place.present(), None, Bytes::new()).await {
        Ok(_) => Ok(true),
        Err(CallError::NoStream) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Stores a job for every group that takes its kind.
pub(crate) async fn dispatch_job(node: &Arc<Node>, message: &Message) -> Result<(), BusError> {
    let id = format!("{}.{}", message.id, message.topic);
    let subject = node.names.stored(&message.topic);
    let payload = message.payload.clone();
    Ok(Broker::new(node).store_job(subject, id, with_id(message.id), payload).await?)
}

/// Gives a dead letter back to its group.
pub(crate) async fn redeliver(node: &Arc<Node>, group: &Group, id: DeadLetterId) -> Result<(), BusError> {
    let place = place(node, group)?;
    if !is_present(node, &place).await? {
        return Err(BusError::UnknownGroup);
    }
    dead::redeliver(&Broker::new(node), &place, id).await
}
