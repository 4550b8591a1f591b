//! A bus with a valve: the local bus behind a door that can be shut in several ways.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bus::{
    Bucket, Bus, BusError, DeadLetter, DeadLetterId, DeadLetters, Group, GroupListener, GroupSettings, Key,
    KeyListener, Message, PutError, Registration, Retained, Revision, Versioned,
};
use bus_local::{LocalBus, LocalBusSettings};
use bytes::Bytes;
use mailbox_event::{AccountToken, EventId};
use tokio::sync::watch;

/// How the door stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Calls reach the bus.
    Open,
    /// Calls wait until it opens.
    Hanging,
    /// Calls fail at once, and may be tried again.
    Down,
    /// Calls fail at once, until a person acts.
    Broken,
}

/// What becomes of jobs where the door is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jobs {
    /// They reach the bus.
    Taken,
    /// They wait.
    Hanging,
    /// There is no room for them.
    Full,
}

/// The bus, and what was asked of it.
pub struct Valve {
    pub inner: LocalBus,
    door: watch::Sender<Door>,
    jobs: watch::Sender<Jobs>,
    lose_next_reply: AtomicBool,
    /// Messages that were dispatched, in order, repeated ones too.
    pub dispatched: Mutex<Vec<Message>>,
    /// Writes of states, in order.
    pub stored: Mutex<Vec<(AccountToken, EventId)>>,
}

#[derive(Debug, thiserror::Error)]
#[error("shut by the test")]
struct Shut;

impl Valve {
    pub fn new() -> Arc<Self> {
        Self::with(LocalBusSettings::default())
    }

    pub fn with(settings: LocalBusSettings) -> Arc<Self> {
        Self::before(LocalBus::in_memory(settings).unwrap())
    }

    pub fn before(inner: LocalBus) -> Arc<Self> {
        Arc::new(Self {
            inner,
            door: watch::Sender::new(Door::Open),
            jobs: watch::Sender::new(Jobs::Taken),
            lose_next_reply: AtomicBool::new(false),
            dispatched: Mutex::default(),
            stored: Mutex::default(),
        })
    }

    pub fn set(&self, door: Door) {
        self.door.send_replace(door);
    }

    pub fn set_jobs(&self, jobs: Jobs) {
        self.jobs.send_replace(jobs);
    }

    /// The next message is dispatched, and the caller told that it was not.
    pub fn lose_next_reply(&self) {
        self.lose_next_reply.store(true, Ordering::SeqCst);
    }

    async fn pass(&self) -> Result<(), BusError> {
        let mut door = self.door.subscribe();
        let state = *door.wait_for(|door| *door != Door::Hanging).await.unwrap();
        match state {
            Door::Open | Door::Hanging => Ok(()),
            Door::Down => Err(BusError::Unavailable(Box::new(Shut))),
            Door::Broken => Err(BusError::Unusable(Box::new(Shut))),
        }
    }
}

#[async_trait]
impl Retained for Valve {
    async fn state(&self, account: AccountToken) -> Result<Option<Versioned>, BusError> {
        self.pass().await?;
        self.inner.state(account).await
    }

    async fn put_state(
        &self,
        account: AccountToken,
        value: Bytes,
        expected: Option<Revision>,
        cause: EventId,
    ) -> Result<Revision, PutError> {
        self.pass().await?;
        let revision = self.inner.put_state(account, value, expected, cause).await?;
        self.stored.lock().unwrap().push((account, cause));
        Ok(revision)
    }

    async fn get(&self, bucket: Bucket, key: &str) -> Result<Option<Versioned>, BusError> {
        self.inner.get(bucket, key).await
    }

    async fn put(
        &self,
        bucket: Bucket,
        key: &str,
        value: Bytes,
        time_to_live: Duration,
    ) -> Result<Revision, BusError> {
        self.pass().await?;
        self.inner.put(bucket, key, value, time_to_live).await
    }

    async fn compare_and_put(
        &self,
        bucket: Bucket,
        key: &str,
        value: Bytes,
        expected: Option<Revision>,
        time_to_live: Duration,
    ) -> Result<Revision, PutError> {
        self.inner.compare_and_put(bucket, key, value, expected, time_to_live).await
    }

    async fn delete(&self, bucket: Bucket, key: &str, expected: Option<Revision>) -> Result<(), PutError> {
        self.inner.delete(bucket, key, expected).await
    }
}

#[async_trait]
impl DeadLetters for Valve {
    async fn store_dead_letter(
        &self,
        group: &Group,
        message: Message,
        reason: &str,
        attempts: u32,
    ) -> Result<DeadLetterId, BusError> {
        self.inner.store_dead_letter(group, message, reason, attempts).await
    }

    async fn groups_with_dead_letters(&self) -> Result<Vec<Group>, BusError> {
        self.inner.groups_with_dead_letters().await
    }

    async fn dead_letters(&self, group: &Group, limit: usize) -> Result<Vec<DeadLetter>, BusError> {
        self.inner.dead_letters(group, limit).await
    }

    async fn dead_letter(&self, group: &Group, id: DeadLetterId) -> Result<Option<DeadLetter>, BusError> {
        self.inner.dead_letter(group, id).await
    }

    async fn remove_dead_letter(&self, group: &Group, id: DeadLetterId) -> Result<(), BusError> {
        self.inner.remove_dead_letter(group, id).await
    }

    async fn remove_dead_letters(&self, group: &Group) -> Result<u64, BusError> {
        self.inner.remove_dead_letters(group).await
    }
}

#[async_trait]
impl Bus for Valve {
    async fn dispatch(&self, message: Message, keys: &[Key]) -> Result<(), BusError> {
        self.pass().await?;
        let mut jobs = self.jobs.subscribe();
        if message.topic.job().is_some()
            && *jobs.wait_for(|jobs| *jobs != Jobs::Hanging).await.unwrap() == Jobs::Full
        {
            return Err(BusError::Full);
        }
        self.inner.dispatch(message.clone(), keys).await?;
        self.dispatched.lock().unwrap().push(message);
        if self.lose_next_reply.swap(false, Ordering::SeqCst) {
            return Err(BusError::Unavailable(Box::new(Shut)));
        }
        Ok(())
    }

    async fn register_key(&self, key: Key, listener: Arc<dyn KeyListener>) -> Result<Registration, BusError> {
        self.inner.register_key(key, listener).await
    }

    async fn register_group(
        &self,
        group: Group,
        settings: GroupSettings,
        listener: Arc<dyn GroupListener>,
    ) -> Result<Registration, BusError> {
        self.inner.register_group(group, settings, listener).await
    }

    async fn redeliver(&self, group: &Group, id: DeadLetterId) -> Result<(), BusError> {
        self.inner.redeliver(group, id).await
    }

    async fn health(&self) -> Result<(), BusError> {
        self.inner.health().await
    }
}
