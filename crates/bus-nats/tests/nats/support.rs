//! Nodes, and a listener that notes what it hears.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bus::{Failure, KeyListener, Message, Retained, Revision};
use bus_nats::{NatsBus, NatsSettings};
use bus_node::Surroundings;
use bytes::Bytes;
use mailbox_event::{AccountToken, EventId, RelayId};
use testkit::eventually;

/// A busy machine takes a while.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub const ALICE: AccountToken = AccountToken([1; 16]);
pub const BOB: AccountToken = AccountToken([2; 16]);

/// A node on the machine's clock.
pub async fn node(settings: &NatsSettings) -> NatsBus {
    NatsBus::connect(settings.clone(), Surroundings::default()).await.unwrap()
}

/// See the module.
#[derive(Default)]
pub struct Heard(Mutex<Vec<Bytes>>);

impl Heard {
    pub fn all(&self) -> Vec<Bytes> {
        self.0.lock().unwrap().clone()
    }

    /// Waits until the last that was heard is `value`.
    pub async fn ends_with(&self, value: u64) {
        let last = async || (self.all().last() == Some(&text(value))).then_some(());
        eventually(PATIENCE, "the last state is heard", last).await;
    }
}

#[async_trait]
impl KeyListener for Heard {
    async fn hear(&self, message: Arc<Message>) -> Result<(), Failure> {
        self.0.lock().unwrap().push(message.payload.clone());
        Ok(())
    }
}

pub fn id(sequence: u64) -> EventId {
    EventId { relay: RelayId(7), sequence }
}

pub fn text(value: u64) -> Bytes {
    Bytes::from(format!("value {value}"))
}

/// Puts states of `account` one after the other, and gives back the revision of the last.
pub async fn put_states(bus: &NatsBus, account: AccountToken, values: std::ops::Range<u64>) -> Revision {
    let mut last = bus.state(account).await.unwrap().map(|state| state.revision);
    for value in values {
        last = Some(bus.put_state(account, text(value), last, id(value)).await.unwrap());
    }
    last.unwrap()
}
