//! The bus itself.

use std::sync::Arc;

use async_trait::async_trait;
use bus::{
    Bus, BusError, DeadLetterId, Group, GroupListener, GroupSettings, Key, KeyListener, Message, Registration,
};
use bus_node::Surroundings;
use kit::config::Validate;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use crate::{
    Mode, NatsCounts, NatsSettings, Refusal,
    error::CallError,
    groups::{self, Broker},
    interest::{self, Interest},
    keeper::keep,
    link, live,
    node::{Node, Readiness},
    streams::{DEAD, PARKED, STATE},
};

/// A node of the bus on NATS. Clones are the same node; it is closed when the last of them is dropped.
#[derive(Clone)]
pub struct NatsBus(Arc<Open>);

struct Open(Arc<Node>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.closing.send_replace(true);
    }
}

impl NatsBus {
    /// Connects, looks what the server is, and makes or migrates what the bus keeps there.
    ///
    /// Fails with [`BusError::Unusable`] around a [`Refusal`] when the server lacks what we need, and with
    /// [`BusError::Unavailable`] when there is none within the time that the settings give.
    pub async fn connect(settings: NatsSettings, surroundings: Surroundings) -> Result<Self, BusError> {
        let patience = settings.connect_timeout;
        let bus = Self::start(settings, surroundings).await?;
        match timeout(patience, bus.ready()).await {
            Ok(ready) => ready.map(|()| bus),
            Err(_) => Err(bus.node().unreadiness()),
        }
    }

    /// [`Self::connect`] without waiting: calls fail with [`BusError::Unavailable`] until [`Self::ready`]. For programs
    /// that have work to do meanwhile. Fails only when the settings cannot be used.
    pub async fn start(settings: NatsSettings, surroundings: Surroundings) -> Result<Self, BusError> {
        let problems = settings.problems();
        if !problems.is_empty() {
            return Err(Refusal::Settings(problems.join("; ")).into());
        }
        let link = link::connect(&settings, &surroundings.jitter).await?;
        let happened = link.happened.clone();
        let node = Arc::new(Node::new(link, settings, surroundings));
        if node.settings.mode == Mode::Broadcast {
            // Before anything else, so that whoever registers is heard by it.
            until_closed(&node, interest::broadcast(&node).await?);
        }
        begin(&node, happened);
        Ok(Self(Arc::new(Open(node))))
    }

    /// Waits until NATS can be used, or a person must act.
    pub async fn ready(&self) -> Result<(), BusError> {
        let mut readiness = self.node().readiness.subscribe();
        let has_come = |readiness: &Readiness| !matches!(readiness, Readiness::Waiting(_));
        let readiness = readiness.wait_for(has_come).await;
        match readiness.as_deref() {
            Ok(Readiness::Ready) => Ok(()),
            Ok(Readiness::Refused(refusal)) => Err(refusal.clone().into()),
            Ok(Readiness::Waiting(_)) | Err(_) => Err(CallError::Away.into()),
        }
    }

    /// Ends what runs (its jobs wait for the next start) and leaves NATS. What is kept there stays, groups too. Calls
    /// from then on fail with [`BusError::Unavailable`].
    pub async fn close(&self) {
        let node = self.node();
        node.closing.send_replace(true);
        // Completes when all who work in the background have ended and dropped their receivers.
        node.closing.closed().await;
        // Fails when the connection is gone already. A client whose queue is full would wait for a server that hangs.
        timeout(node.settings.request_timeout, node.client.drain()).await.ok();
    }

    /// What happened on this node since its start.
    pub fn counts(&self) -> NatsCounts {
        self.node().counters.read(self.node().keys.counts())
    }

    pub(crate) fn node(&self) -> &Arc<Node> {
        &(self.0).0
    }

    /// The node, unless it is closed.
    pub(crate) fn open_node(&self) -> Result<&Arc<Node>, BusError> {
        self.node().check_open()?;
        Ok(self.node())
    }
}

/// Starts what works in the background until the bus closes.
fn begin(node: &Arc<Node>, happened: watch::Receiver<link::Happened>) {
    let keeper = keep(node.clone(), happened);
    until_closed(node, keeper);
    let trips = node.clone();
    until_closed(node, async move { trips.round_trips.make(&trips).await });
    let watched = node.clone();
    until_closed(node, async move { watched.takers.watch(&watched).await });
    let mut closing = node.closing.subscribe();
    let node = node.clone();
    tokio::spawn(async move {
        // Fails when the node is gone, with all that is to be ended.
        closing.wait_for(|&is_closing| is_closing).await.ok();
        node.interest.close();
    });
}

fn until_closed(node: &Arc<Node>, work: impl Future<Output = ()> + Send + 'static) {
    let mut closing = node.closing.subscribe();
    tokio::spawn(async move {
        tokio::select! {
            () = work => {}
            _ = closing.wait_for(|&is_closing| is_closing) => {}
        }
    });
}

#[async_trait]
impl Bus for NatsBus {
    async fn dispatch(&self, message: Message, keys: &[Key]) -> Result<(), BusError> {
        let node = self.open_node()?;
        node.caller.check_size(message.payload.len())?;
        if message.is_noop() {
            return Ok(());
        }
        if message.topic.job().is_none() {
            return live::tell(node, message, keys).await;
        }
        groups::dispatch_job(node, &message).await?;
        if let Err(error) = live::tell(node, message, keys).await {
            // The job is safe, and who dispatches it again tells nobody twice.
            tracing::debug!(%error, "Job is stored and was not told");
        }
        Ok(())
    }

    async fn register_key(&self, key: Key, listener: Arc<dyn KeyListener>) -> Result<Registration, BusError> {
        let node = self.open_node()?;
        let added = node.keys.add(key, &listener)?;
        // What holds a registration does not hold the connection.
        let node_of = Arc::downgrade(node);
        let registration = Registration::new(move || {
            if let Some(node) = node_of.upgrade() {
                Interest::end(&node, key, node.keys.remove(added));
            }
        });
        Interest::begin(node, key).await?;
        Ok(registration)
    }

    async fn register_group(
        &self,
        group: Group,
        settings: GroupSettings,
        listener: Arc<dyn GroupListener>,
    ) -> Result<Registration, BusError> {
        groups::register(self.open_node()?, group, settings, listener).await
    }

    async fn redeliver(&self, group: &Group, id: DeadLetterId) -> Result<(), BusError> {
        groups::redeliver(self.open_node()?, group, id).await
    }

    async fn health(&self) -> Result<(), BusError> {
        let node = self.node();
        node.check_not_closed()?;
        node.caller.check().map_err(|_| node.unreadiness())?;
        if *node.readiness.borrow() != Readiness::Ready {
            return Err(node.unreadiness());
        }
        node.troubles.check(Instant::now())?;
        node.groups.check(&node.names)?;
        // A state that nobody has: the answer says that the stream has a leader, and that the server has taken what was
        // sent before.
        match node.caller.last(&node.names.stream(STATE), &node.names.no_state()).await {
            // 2.9 gives no answer to a read of a stream that is not there, later ones say that nobody serves it.
            Err(silence @ (CallError::TimedOut | CallError::NoStream)) => {
                return Err(Broker::new(node).explain_silence(STATE, silence).await.into());
            }
            found => found.map(drop)?,
        }
        // A stream of jobs that is gone is met by whoever has one, and by nobody before.
        if node.check_ready().is_ok() {
            node.takers.look(node).await?;
        }
        // Those of jobs that failed are met by such jobs alone, which then stay with their group and hold up others.
        if !node.groups.is_empty() {
            for stream in [PARKED, DEAD] {
                Broker::new(node).last_sequence(stream).await?;
            }
        }
        Ok(())
    }
}
