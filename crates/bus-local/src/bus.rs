//! The bus itself.

use std::{
    collections::HashSet,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bus::{
    Bus, BusError, DeadLetterId, Group, GroupListener, GroupSettings, Key, KeyListener, Message, Registration,
};
use bus_node::{KeyBounds, KeyListeners};
use tokio::sync::watch;

mod kept;

use crate::{
    GroupDepth, LiveCounts, LocalBusSettings, Surroundings,
    checkpoints::Checkpoints,
    open::{self, Opened},
    shared::{Shared, to_its_end},
    tables::Tables,
    worker::Worker,
    writer::{Kept, Writer},
};

/// A writer that is slower than this is not well.
const HEALTH_PATIENCE: Duration = Duration::from_secs(5);

/// A node of the bus in one process. Clones are the same node.
#[derive(Clone)]
pub struct LocalBus(Arc<Node>);

struct Node {
    shared: Arc<Shared>,
    keys: Arc<KeyListeners>,
    groups: Arc<Mutex<HashSet<Group>>>,
}

#[derive(Debug, thiserror::Error)]
#[error("writer did not answer within {HEALTH_PATIENCE:?}")]
struct Slow;

#[derive(Debug, thiserror::Error)]
#[error("a thread of the bus cannot be started")]
struct NoThread(#[source] std::io::Error);

impl LocalBus {
    /// Opens the bus kept at `path`, or begins one there (mode 0600). Blocks while it reads the file.
    ///
    /// Fails with [`BusError::Unusable`] around an [`crate::OpenError`] when the file is damaged, another program's,
    /// of a later version, or held by another bus.
    pub fn open(path: &Path, settings: LocalBusSettings) -> Result<Self, BusError> {
        Self::open_in(path, settings, Surroundings::default())
    }

    /// [`Self::open`] with a clock and a chance of your own.
    pub fn open_in(
        path: &Path,
        settings: LocalBusSettings,
        surroundings: Surroundings,
    ) -> Result<Self, BusError> {
        Self::start(open::open_file(path)?, settings, surroundings)
    }

    /// A bus that is gone with its last node. For tests.
    pub fn in_memory(settings: LocalBusSettings) -> Result<Self, BusError> {
        Self::start(open::open_in_memory()?, settings, Surroundings::default())
    }

    fn start(
        opened: Opened,
        settings: LocalBusSettings,
        surroundings: Surroundings,
    ) -> Result<Self, BusError> {
        let now = surroundings.clock.now();
        let Opened { connection, checkpoints, lock } = opened;
        let tables = Tables::new(connection, settings.clone(), now).map_err(open::refine)?;
        let known = tables.known();
        let no_thread = |error| BusError::Unavailable(NoThread(error).into());
        let checkpoints = Checkpoints::start(checkpoints).map_err(no_thread)?;
        let kept = Kept { tables, checkpoints, lock };
        let writer = Writer::start(kept, settings.writer_queue).map_err(no_thread)?;
        Ok(Self::node(Arc::new(Shared::new((writer, known), settings, surroundings))))
    }

    fn node(shared: Arc<Shared>) -> Self {
        let settings = &shared.settings;
        let bounds =
            KeyBounds { registrations: settings.max_key_registrations, live_runs: settings.max_live_runs };
        let keys = Arc::new(KeyListeners::new(bounds, shared.surroundings.clock.clone()));
        shared.join(&keys);
        Self(Arc::new(Node { shared, keys, groups: Arc::default() }))
    }

    /// Another node of the same bus: it has its own registrations, and what it dispatches reaches those of all
    /// nodes. This is how the services of one process would stand beside each other on a broker.
    #[must_use]
    pub fn another_node(&self) -> Self {
        Self::node(self.0.shared.clone())
    }

    /// Cuts off what runs (its jobs wait for the next start), finishes what is queued, and closes the file.
    /// Every node of the bus is closed with it; calls from then on fail with [`BusError::Unavailable`].
    pub async fn close(&self) {
        let shared = &self.0.shared;
        shared.closing.send_replace(true);
        // Completes when the last worker has ended and dropped its receiver.
        shared.closing.closed().await;
        shared.writer.close().await;
    }

    /// How much work each group has before it.
    pub async fn depth(&self) -> Result<Vec<GroupDepth>, BusError> {
        let now = self.0.shared.now();
        self.0.shared.writer.call(move |tables| tables.depth(now)).await
    }

    /// Live deliveries of this node that did not succeed.
    pub fn live_counts(&self) -> LiveCounts {
        self.0.keys.counts()
    }

    fn shared(&self) -> &Shared {
        &self.0.shared
    }

    /// Holds the group's place on this node until it is dropped.
    fn take_place(&self, group: &Group) -> Result<Registration, BusError> {
        let groups = self.0.groups.clone();
        if !groups.lock().unwrap_or_else(PoisonError::into_inner).insert(group.clone()) {
            return Err(BusError::GroupTaken);
        }
        let group = group.clone();
        Ok(Registration::new(move || {
            groups.lock().unwrap_or_else(PoisonError::into_inner).remove(&group);
        }))
    }
}

#[async_trait]
impl Bus for LocalBus {
    async fn dispatch(&self, message: Message, keys: &[Key]) -> Result<(), BusError> {
        self.shared().check_size(message.payload.len())?;
        self.shared().check_open()?;
        if message.is_noop() {
            return Ok(());
        }
        if message.topic.job().is_none() {
            self.shared().tell(message, keys).await;
            return Ok(());
        }
        let (shared, keys) = (self.0.shared.clone(), keys.to_vec());
        to_its_end(async move {
            shared.queue(message.clone()).await?;
            shared.tell(message, &keys).await;
            Ok(())
        })
        .await
    }

    async fn register_key(&self, key: Key, listener: Arc<dyn KeyListener>) -> Result<Registration, BusError> {
        self.shared().check_open()?;
        let added = self.0.keys.add(key, &listener)?;
        let keys = self.0.keys.clone();
        Ok(Registration::new(move || {
            keys.remove(added);
        }))
    }

    async fn register_group(
        &self,
        group: Group,
        settings: GroupSettings,
        listener: Arc<dyn GroupListener>,
    ) -> Result<Registration, BusError> {
        let place = self.take_place(&group)?;
        let (name, kinds) = (group.clone(), settings.kinds.clone());
        self.shared().writer.call(move |tables| tables.register_group(&name, &kinds)).await?;
        let listening = self.shared().listen(&group);
        let closing = self.shared().closing.subscribe();
        let (hold, dropped) = watch::channel(());
        let worker = Worker::new(self.0.shared.clone(), group, settings, listener);
        tokio::spawn(worker.work(dropped, closing));
        Ok(Registration::new(move || drop((hold, listening, place))))
    }

    async fn redeliver(&self, group: &Group, id: DeadLetterId) -> Result<(), BusError> {
        let (shared, group) = (self.0.shared.clone(), group.clone());
        to_its_end(async move { shared.redeliver(group, id).await }).await
    }

    async fn health(&self) -> Result<(), BusError> {
        tokio::select! {
            biased;
            answer = self.shared().writer.call(|_| Ok(())) => answer,
            () = self.shared().surroundings.clock.sleep(HEALTH_PATIENCE) => Err(BusError::Unavailable(Slow.into())),
        }
    }
}
