//! What the nodes of one bus share: the writer, the clock, the claims, and who is to be woken.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use bus::{BusError, DeadLetterId, Group, Key, Message, Registration};
use bus_node::{Hearing, KeyListeners};
use futures_util::future::join_all;
use tokio::sync::{Notify, watch};

use crate::{
    LocalBusSettings, Surroundings,
    known::Known,
    tables::{Queued, Redelivered},
    worker::Claims,
    writer::{Closed, Writer},
};

/// Does `work` in a task of its own: a caller that goes away between the commit and what follows it (the waking, the
/// telling) would leave others with what was, and nothing would come after it.
pub(crate) async fn to_its_end<T: Send + 'static, E: From<BusError> + Send + 'static>(
    work: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, E> {
    tokio::spawn(work).await.map_err(|error| BusError::Unavailable(error.into()))?
}

/// A live worker of a group, on any node.
struct Waking {
    group: Group,
    wake: Weak<Notify>,
}

/// See the module.
pub(crate) struct Shared {
    pub(crate) writer: Writer,
    pub(crate) known: Arc<Known>,
    pub(crate) settings: LocalBusSettings,
    pub(crate) surroundings: Surroundings,
    pub(crate) claims: Arc<Claims>,
    /// Becomes true when the bus closes. Each live worker holds a receiver.
    pub(crate) closing: watch::Sender<bool>,
    nodes: Mutex<Vec<Weak<KeyListeners>>>,
    workers: Mutex<Vec<Waking>>,
    /// How many listeners each group has, on all nodes; a group without one is not in it.
    listening: Arc<Mutex<HashMap<Group, usize>>>,
}

impl Shared {
    pub(crate) fn new(
        (writer, known): (Writer, Arc<Known>),
        settings: LocalBusSettings,
        surroundings: Surroundings,
    ) -> Self {
        Self {
            writer,
            known,
            settings,
            surroundings,
            claims: Arc::default(),
            closing: watch::Sender::new(false),
            nodes: Mutex::default(),
            workers: Mutex::default(),
            listening: Arc::default(),
        }
    }

    /// Adds a node's listeners to those that hear.
    pub(crate) fn join(&self, listeners: &Arc<KeyListeners>) {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.retain(|node| node.strong_count() > 0);
        nodes.push(Arc::downgrade(listeners));
    }

    /// Counts a listener of `group` until the registration is over.
    pub(crate) fn listen(&self, group: &Group) -> Registration {
        let (listening, group) = (self.listening.clone(), group.clone());
        *listening.lock().unwrap_or_else(PoisonError::into_inner).entry(group.clone()).or_default() += 1;
        Registration::new(move || {
            let mut listening = listening.lock().unwrap_or_else(PoisonError::into_inner);
            match listening.get_mut(&group) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(listening.remove(&group)),
            }
        })
    }

    fn has_listener(&self, group: &Group) -> bool {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner).contains_key(group)
    }

    /// What wakes a worker of `group`, for as long as the worker holds it.
    pub(crate) fn waker(&self, group: &Group) -> Arc<Notify> {
        let wake = Arc::new(Notify::new());
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.retain(|worker| worker.wake.strong_count() > 0);
        workers.push(Waking { group: group.clone(), wake: Arc::downgrade(&wake) });
        wake
    }

    /// Has the group's live workers look for jobs.
    pub(crate) fn wake(&self, group: &Group) {
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        let those = workers.iter().filter(|worker| worker.group == *group);
        those.filter_map(|worker| worker.wake.upgrade()).for_each(|wake| wake.notify_one());
    }

    /// Queues a job and has those who get it look for it.
    pub(crate) async fn queue(&self, job: Message) -> Result<(), BusError> {
        let now = self.now();
        match self.writer.call(move |tables| tables.queue(&job, now)).await? {
            Queued::For(groups) => groups.iter().for_each(|group| self.wake(group)),
            Queued::Full => return Err(BusError::Full),
        }
        Ok(())
    }

    /// Gives a dead letter back and has its group look for it.
    pub(crate) async fn redeliver(&self, group: Group, id: DeadLetterId) -> Result<(), BusError> {
        if !self.has_listener(&group) {
            return Err(BusError::UnknownGroup);
        }
        let (name, now) = (group.clone(), self.now());
        match self.writer.call(move |tables| tables.redeliver(&name, id, now)).await? {
            Redelivered::Done => {
                self.wake(&group);
                Ok(())
            }
            Redelivered::UnknownGroup => Err(BusError::UnknownGroup),
            Redelivered::UnknownDeadLetter => Err(BusError::UnknownDeadLetter),
            Redelivered::Full => Err(BusError::Full),
        }
    }

    /// Has the key listeners of every node hear `message`, all at the same time.
    pub(crate) async fn tell(&self, message: Message, keys: &[Key]) {
        let hearings = self.begin_to_tell(message, keys).await;
        if !hearings.is_empty() {
            join_all(hearings).await;
        }
    }

    /// Has them begin; gives back what is to be waited for. Never waits itself.
    pub(crate) async fn begin_to_tell(&self, message: Message, keys: &[Key]) -> Vec<Hearing> {
        let mut hearings = Vec::new();
        if keys.is_empty() {
            return hearings;
        }
        let nodes: Vec<_> = {
            let nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
            nodes.iter().filter_map(Weak::upgrade).collect()
        };
        let message = Arc::new(message);
        for node in nodes {
            hearings.append(&mut node.begin(&message, keys).await);
        }
        hearings
    }

    /// Refuses what is larger than a value may be.
    pub(crate) fn check_size(&self, octets: usize) -> Result<(), BusError> {
        let limit = self.settings.largest_value;
        if octets > limit { Err(BusError::TooLarge { octets, limit }) } else { Ok(()) }
    }

    /// Refuses whoever comes when the bus is closed.
    pub(crate) fn check_open(&self) -> Result<(), BusError> {
        if *self.closing.borrow() { Err(BusError::Unavailable(Closed.into())) } else { Ok(()) }
    }

    pub(crate) fn now(&self) -> mailbox_event::UnixMillis {
        self.surroundings.clock.now()
    }
}
