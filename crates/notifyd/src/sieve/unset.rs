//! The jobs of means that nothing says how to use. A bus drops what no group takes, and nobody would hear of it: they are
//! taken, counted and done with.

use std::sync::{Arc, Once};

use async_trait::async_trait;
use bus::{Attempt, Failure, GroupListener, JobKind, Message};
use tracing::warn;

use crate::{
    post::Post,
    telemetry::{Unmade, Untold},
};

/// Stands in for the worker of a section that is not there.
pub(crate) struct Unset {
    post: Arc<Post>,
    kind: JobKind,
    /// Said once: scripts may ask all day.
    said: Once,
}

impl Unset {
    /// For jobs of `kind`, which are texts or POSTs.
    pub(crate) fn new(post: Arc<Post>, kind: JobKind) -> Self {
        Self { post, kind, said: Once::new() }
    }
}

#[async_trait]
impl GroupListener for Unset {
    async fn run(&self, _: Message, _: Attempt) -> Result<(), Failure> {
        let metrics = &self.post.metrics;
        let section = if self.kind == JobKind::Sms {
            metrics.texts.untold(Untold::Unset);
            "notifyd.sms"
        } else {
            metrics.posts.unmade(Unmade::Unset);
            "notifyd.webhook"
        };
        self.said.call_once(|| warn!(section, "Scripts notify by means that are not set"));
        Ok(())
    }
}
