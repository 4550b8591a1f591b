//! Groups: durable work that is done once per cluster.

use std::sync::Arc;

use async_trait::async_trait;
use bus::{
    BusError, DeadLetter, DeadLetterId, DeadLetters, Group, GroupListener, GroupSettings, Message,
    Registration,
};

use crate::{NatsBus, error::CallError, node::Node};

/// What the groups of a node hold.
#[derive(Debug, Default)]
pub(crate) struct Groups;

/// Has `listener` run the jobs of `group` on this node.
pub(crate) async fn register(
    _node: &Arc<Node>,
    _group: Group,
    _settings: GroupSettings,
    _listener: Arc<dyn GroupListener>,
) -> Result<Registration, BusError> {
    Err(CallError::NoStream.into())
}

/// Stores a job for every group that takes its kind.
pub(crate) async fn dispatch_job(_node: &Node, _message: &Message) -> Result<(), BusError> {
    Err(CallError::NoStream.into())
}

/// Gives a dead letter back to its group.
pub(crate) async fn redeliver(_node: &Arc<Node>, _group: &Group, _id: DeadLetterId) -> Result<(), BusError> {
    Err(CallError::NoStream.into())
}

#[async_trait]
impl DeadLetters for NatsBus {
    async fn store_dead_letter(
        &self,
        _group: &Group,
        _message: Message,
        _reason: &str,
        _attempts: u32,
    ) -> Result<DeadLetterId, BusError> {
        Err(CallError::NoStream.into())
    }

    async fn groups_with_dead_letters(&self) -> Result<Vec<Group>, BusError> {
        Err(CallError::NoStream.into())
    }

    async fn dead_letters(&self, _group: &Group, _limit: usize) -> Result<Vec<DeadLetter>, BusError> {
        Err(CallError::NoStream.into())
    }

    async fn dead_letter(&self, _group: &Group, _id: DeadLetterId) -> Result<Option<DeadLetter>, BusError> {
        Err(CallError::NoStream.into())
    }

    async fn remove_dead_letter(&self, _group: &Group, _id: DeadLetterId) -> Result<(), BusError> {
        Err(CallError::NoStream.into())
    }

    async fn remove_dead_letters(&self, _group: &Group) -> Result<u64, BusError> {
        Err(CallError::NoStream.into())
    }
}
