//! The jobs of the group `unscheduled-mail`: messages that were to be sent later are drafts again, and their owner is told.

use std::sync::Arc;

use ::sieve::OwnMail;
use async_trait::async_trait;
use bus::{Attempt, Failure, GroupListener, Message};
use lettre::Address;
use mailbox_event::{Event, Notification, Unscheduled, codec};
use store::EffectKind;
use wording::{Reader, Wording};

use crate::{
    dependencies::Tried,
    key,
    late::is_older,
    message::{self, AutoSubmitted, Draft},
    post::{Letter, Post, Unfit, now, reject},
    telemetry::DropReason,
};

/// Runs the jobs of kind unscheduled. May be run again for the same job at any time: who has been sent a mail gets no
/// other.
pub(crate) struct UnscheduledMailer {
    post: Arc<Post>,
    wording: Arc<Wording>,
    tried: Tried,
}

impl UnscheduledMailer {
    pub(crate) fn new(post: Arc<Post>, wording: Arc<Wording>) -> Self {
        Self { post, wording, tried: Tried::default() }
    }

    async fn job(&self, message: &Message) -> Result<(), Failure> {
        let (event, unscheduled) = unscheduled(message).map_err(reject)?;
        let to: Address = unscheduled.account.as_str().parse().map_err(|why| {
            self.post.metrics.dropped(DropReason::Malformed, 1);
            reject(Unfit::Address(why))
        })?;
        let settings = &self.post.settings;
        let key = key::unscheduled(event.id, &unscheduled);
        let is_late = is_older(event.taken_at, now(), settings.unscheduled.useful_for);
        let letter = Letter {
            key: &key,
            kind: EffectKind::UnscheduledMail,
            message_id: &key::message_id(&key, OwnMail::Unscheduled, settings.from.address.domain()),
            to: &to,
            useless: is_late.then_some(DropReason::Late),
            mutable: None,
            ration: None,
            has_null_sender: false,
        };
        // No reader counts further.
        let count = u32::try_from(unscheduled.count).unwrap_or(u32::MAX);
        let write = |reader: &Reader, message_id: &str| self.write(count, &to, reader, message_id);
        self.post.send(letter, write).await?.after(Ok(()))
    }

    fn write(&self, count: u32, to: &Address, reader: &Reader, message_id: &str) -> Result<Vec<u8>, Unfit> {
        let mail = self.wording.unscheduled(wording::Unscheduled { count }, reader)?;
        let from = &self.post.settings.from;
        let draft = Draft {
            mail,
            from,
            to,
            message_id,
            mute_link: None,
            event: None,
            auto_submitted: AutoSubmitted::Generated,
        };
        Ok(message::write(draft, now())?)
    }
}

#[async_trait]
impl GroupListener for UnscheduledMailer {
    async fn run(&self, message: Message, _: Attempt) -> Result<(), Failure> {
        self.post.run(&self.tried, async |_| self.job(&message).await).await
    }

    async fn recovered(&self) {
        self.post.dependencies.recovered(&self.tried).await;
    }
}

fn unscheduled(message: &Message) -> Result<(Event, Unscheduled), Unfit> {
    let event: Event = codec::decode(&message.payload)?;
    match &event.notification {
        Notification::Unscheduled(unscheduled) => {
            let unscheduled = unscheduled.clone();
            Ok((event, unscheduled))
        }
        _ => Err(Unfit::Other),
    }
}
