//! What the bus keeps: STATE, KV and dead letters.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bus::{
    Bucket, BusError, DeadLetter, DeadLetterId, DeadLetters, Group, Message, PutError, Retained, Revision,
    Topic, Versioned,
};
use bus_node::later;
use bytes::Bytes;
use mailbox_event::{AccountToken, EventId};
use tokio::runtime::Handle;

use super::LocalBus;
use crate::{
    ahead::{Accepted, Place, Put, Refused, Undecided},
    known::State,
    shared::{Shared, to_its_end},
    tables::{Expected, Stored},
    telling::Telling,
    writer::Closed,
};

#[async_trait]
impl Retained for LocalBus {
    async fn state(&self, account: AccountToken) -> Result<Option<Versioned>, BusError> {
        let shared = self.shared();
        let ahead = shared.writer.ahead().clone();
        match ahead.state(account) {
            Some(state) if !*shared.closing.borrow() => Ok(state),
            _ => {
                let latest = move |read| ahead.state_after(account, read);
                let place = shared.writer.place().await?;
                shared.writer.call_from(place, move |tables| tables.state(account), latest).await
            }
        }
    }

    async fn put_state(
        &self,
        account: AccountToken,
        value: Bytes,
        expected: Option<Revision>,
        cause: EventId,
    ) -> Result<Revision, PutError> {
        self.shared().check_size(value.len())?;
        let message = Message { id: cause, topic: Topic::State(account), payload: value };
        match self.shared().writer.place_at_once() {
            Some(place) => put_and_tell(&self.0.shared, place, message, expected).await,
            None => {
                let shared = self.0.shared.clone();
                to_its_end(async move {
                    let place = shared.writer.place().await?;
                    put_and_tell(&shared, place, message, expected).await
                })
                .await
            }
        }
    }

    async fn get(&self, bucket: Bucket, key: &str) -> Result<Option<Versioned>, BusError> {
        let shared = self.shared();
        let (place, now) = ((bucket, key.to_owned()), shared.now());
        match shared.known.values.get(&place, now) {
            Some(value) if !*shared.closing.borrow() => Ok(value),
            _ => shared.writer.call(move |tables| tables.get(place, now)).await,
        }
    }

    async fn put(
        &self,
        bucket: Bucket,
        key: &str,
        value: Bytes,
        time_to_live: Duration,
    ) -> Result<Revision, BusError> {
        let stored = self.store(bucket, key, value, Expected::Anything, time_to_live).await?;
        stored.revision().map_err(|error| match error {
            PutError::Bus(error) => error,
            PutError::Conflict => BusError::Unavailable(PutError::Conflict.into()),
        })
    }

    async fn compare_and_put(
        &self,
        bucket: Bucket,
        key: &str,
        value: Bytes,
        expected: Option<Revision>,
        time_to_live: Duration,
    ) -> Result<Revision, PutError> {
        let expected = expected.map_or(Expected::Absent, Expected::At);
        self.store(bucket, key, value, expected, time_to_live).await?.revision()
    }

    async fn delete(&self, bucket: Bucket, key: &str, expected: Option<Revision>) -> Result<(), PutError> {
        let (key, now) = (key.to_owned(), self.shared().now());
        let is_gone =
            self.shared().writer.call(move |tables| tables.delete((bucket, &key), expected, now)).await?;
        if is_gone { Ok(()) } else { Err(PutError::Conflict) }
    }
}

/// Puts the state that is the payload of `message`, tells it, and waits until it is stored. All that is left to do when
/// the caller goes away is done by the writer's thread and a task.
async fn put_and_tell(
    shared: &Arc<Shared>,
    place: Place,
    message: Message,
    expected: Option<Revision>,
) -> Result<Revision, PutError> {
    let (account, value) = (message.topic.account(), message.payload.clone());
    let (teller, runtime) = (shared.clone(), Handle::current());
    let telling = move || Telling::new(teller, runtime, message);
    let (accepted, telling) = match shared.writer.put_state(Put { account, value, expected }, place) {
        Ok(decided) => (decided?, telling()),
        Err(undecided) => decide_by_file(shared, undecided, telling).await?,
    };
    telling.tell().await;
    accepted.stored.await.map_err(|_| BusError::Unavailable(Closed.into()))??;
    Ok(accepted.revision)
}

/// Decides upon a put on the writer's thread, which alone changes the file.
async fn decide_by_file(
    shared: &Shared,
    Undecided { put, place }: Undecided,
    telling: impl FnOnce() -> Telling + Send + 'static,
) -> Result<(Accepted, Telling), PutError> {
    let (ahead, account) = (shared.writer.ahead().clone(), put.account);
    let decide = move |read: State| ahead.put_after(put, &read).map(|accepted| (accepted, telling()));
    Ok(shared.writer.call_from(place, move |tables| tables.state(account), decide).await??)
}

impl From<Refused> for PutError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Conflict => Self::Conflict,
            Refused::Closed => Self::Bus(BusError::Unavailable(Closed.into())),
        }
    }
}

impl LocalBus {
    async fn store(
        &self,
        bucket: Bucket,
        key: &str,
        value: Bytes,
        expected: Expected,
        time_to_live: Duration,
    ) -> Result<Stored, BusError> {
        self.shared().check_size(key.len().saturating_add(value.len()))?;
        let (key, now) = (key.to_owned(), self.shared().now());
        let times = (now, later(now, time_to_live));
        self.shared().writer.call(move |tables| tables.put((bucket, &key), value, expected, times)).await
    }
}

impl Stored {
    fn revision(self) -> Result<Revision, PutError> {
        match self {
            Self::At(revision) => Ok(revision),
            Self::Conflict => Err(PutError::Conflict),
            Self::Full => Err(PutError::Bus(BusError::Full)),
        }
    }
}

#[async_trait]
impl DeadLetters for LocalBus {
    async fn store_dead_letter(
        &self,
        group: &Group,
        message: Message,
        reason: &str,
        attempts: u32,
    ) -> Result<DeadLetterId, BusError> {
        self.shared().check_size(message.payload.len())?;
        let (group, reason, now) = (group.clone(), reason.to_owned(), self.shared().now());
        let stored = move |tables: &crate::tables::Tables| {
            tables.store_dead_letter(&group, &message, (&reason, attempts), now)
        };
        self.shared().writer.call(stored).await?.ok_or(BusError::Full)
    }

    async fn groups_with_dead_letters(&self) -> Result<Vec<Group>, BusError> {
        self.shared().writer.call(|tables| tables.groups_with_dead_letters()).await
    }

    async fn dead_letters(&self, group: &Group, limit: usize) -> Result<Vec<DeadLetter>, BusError> {
        let group = group.clone();
        self.shared().writer.call(move |tables| tables.dead_letters(&group, limit)).await
    }

    async fn dead_letter(&self, group: &Group, id: DeadLetterId) -> Result<Option<DeadLetter>, BusError> {
        let group = group.clone();
        self.shared().writer.call(move |tables| tables.dead_letter(&group, id)).await
    }

    async fn remove_dead_letter(&self, group: &Group, id: DeadLetterId) -> Result<(), BusError> {
        let group = group.clone();
        self.shared().writer.call(move |tables| tables.remove_dead_letter(&group, id)).await
    }

    async fn remove_dead_letters(&self, group: &Group) -> Result<u64, BusError> {
        let group = group.clone();
        self.shared().writer.call(move |tables| tables.remove_dead_letters(&group)).await
    }

    async fn has_dead_letters(&self) -> Result<bool, BusError> {
        self.shared().writer.call(|tables| Ok(tables.has_dead_letters())).await
    }
}

#[cfg(test)]
mod tests;
