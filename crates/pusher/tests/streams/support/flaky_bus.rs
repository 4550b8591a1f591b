//! A bus whose reads of states, or whose buckets, fail while it is told so, and whose puts of states may break what calls
//! them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bus::{
    Bucket, Bus, BusError, DeadLetter, DeadLetterId, DeadLetters, Group, GroupListener, GroupSettings, Key,
    KeyListener, Message, PutError, Registration, Retained, Revision, Versioned,
};
use bus_local::LocalBus;
use bytes::Bytes;
use mailbox_event::{AccountToken, EventId};

pub struct FlakyBus {
    pub inner: LocalBus,
    pub is_away: AtomicBool,
    pub buckets_are_away: AtomicBool,
    /// So many puts of states panic.
    pub broken_puts: AtomicUsize,
    pub registered: AtomicUsize,
    /// Registrations when each state was read first.
    pub registered_at_read: AtomicUsize,
}

impl FlakyBus {
    pub fn new(inner: LocalBus) -> Arc<Self> {
        Arc::new(Self {
            inner,
            is_away: AtomicBool::new(false),
            buckets_are_away: AtomicBool::new(false),
            broken_puts: AtomicUsize::new(0),
            registered: AtomicUsize::new(0),
            registered_at_read: AtomicUsize::new(0),
        })
    }

    fn bucket(&self) -> Result<(), BusError> {
        if self.buckets_are_away.load(Ordering::SeqCst) {
            return Err(BusError::Unavailable("away".into()));
        }
        Ok(())
    }
}

#[async_trait]
impl Retained for FlakyBus {
    async fn state(&self, account: AccountToken) -> Result<Option<Versioned>, BusError> {
        self.registered_at_read.store(self.registered.load(Ordering::SeqCst), Ordering::SeqCst);
        if self.is_away.load(Ordering::SeqCst) {
            return Err(BusError::Unavailable("away".into()));
        }
        self.inner.state(account).await
    }

    async fn put_state(
        &self,
        account: AccountToken,
        value: Bytes,
        expected: Option<Revision>,
        cause: EventId,
    ) -> Result<Revision, PutError> {
        let left = |broken: usize| broken.checked_sub(1);
        let is_broken = self.broken_puts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left).is_ok();
        assert!(!is_broken, "told to break");
        self.inner.put_state(account, value, expected, cause).await
    }

    async fn get(&self, bucket: Bucket, key: &str) -> Result<Option<Versioned>, BusError> {
        self.bucket()?;
        self.inner.get(bucket, key).await
    }

    async fn put(
        &self,
        bucket: Bucket,
        key: &str,
        value: Bytes,
        ttl: Duration,
    ) -> Result<Revision, BusError> {
        self.bucket()?;
        self.inner.put(bucket, key, value, ttl).await
    }

    async fn compare_and_put(
        &self,
        bucket: Bucket,
        key: &str,
        value: Bytes,
        expected: Option<Revision>,
        ttl: Duration,
    ) -> Result<Revision, PutError> {
        self.bucket()?;
        self.inner.compare_and_put(bucket, key, value, expected, ttl).await
    }

    async fn delete(&self, bucket: Bucket, key: &str, expected: Option<Revision>) -> Result<(), PutError> {
        self.inner.delete(bucket, key, expected).await
    }
}

#[async_trait]
impl DeadLetters for FlakyBus {
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
impl Bus for FlakyBus {
    async fn dispatch(&self, message: Message, keys: &[Key]) -> Result<(), BusError> {
        self.inner.dispatch(message, keys).await
    }

    async fn register_key(&self, key: Key, listener: Arc<dyn KeyListener>) -> Result<Registration, BusError> {
        let registration = self.inner.register_key(key, listener).await?;
        self.registered.fetch_add(1, Ordering::SeqCst);
        Ok(registration)
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
