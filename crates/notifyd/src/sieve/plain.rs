//! Methods without a scheme: the operator says what they stand for. What is none of mail is given to the group whose work
//! it is, as if the script had said it whole: a gateway that is away holds up no mail.

use std::sync::Arc;

use ::sieve::{Mailto, Number};
use bus::{Bus, Failure, JobKind, Message, Topic};
use mailbox_event::{
    Event, Notification,
    codec::{self, Form},
};
use store::Store;
use tracing::debug;

use super::Taken;
use crate::{
    post::{Post, Unfit, reject, stored},
    settings::Means,
    telemetry::Untold,
};

/// Follows them.
pub(super) struct Plain {
    bus: Arc<dyn Bus>,
}

impl Plain {
    pub(super) fn new(bus: Arc<dyn Bus>) -> Self {
        Self { bus }
    }

    /// The mail that a job stands for; nothing where there is none to send.
    pub(super) async fn follow(
        &self,
        post: &Post,
        taken: &Taken,
        message: &Message,
    ) -> Result<Option<Mailto>, Failure> {
        match post.settings.sieve.methods.get(&taken.name) {
            Some(Means::Ignored) => {}
            Some(Means::Mail) => {
                let to = vec![taken.owner.as_str().to_owned()];
                return Ok(Some(Mailto { to, ..Mailto::default() }));
            }
            Some(Means::Post(url)) => self.give(message, JobKind::Webhook, url.as_str(), None).await?,
            Some(Means::Text) => match first_number(&post.store, taken).await? {
                // The form of before RFC 5435: the number, then the script's own options.
                Some(number) => self.give(message, JobKind::Sms, "sms", Some(number)).await?,
                None => post.metrics.texts.untold(Untold::Unverified),
            },
            None => {
                debug!("No setting knows a script's method");
                post.metrics.unfollowed.inc();
            }
        }
        Ok(None)
    }

    /// The same event under another kind of work. To give it again makes no second job.
    async fn give(
        &self,
        message: &Message,
        kind: JobKind,
        method: &str,
        option: Option<String>,
    ) -> Result<(), Failure> {
        let mut event: Event = codec::decode(&message.payload).map_err(|why| reject(Unfit::Payload(why)))?;
        let (Notification::Sieve(notification), Topic::Job(urgency, _, account)) =
            (&mut event.notification, message.topic)
        else {
            return Err(reject(Unfit::Other));
        };
        method.clone_into(&mut notification.method);
        notification.options.splice(..0, option);
        let payload = codec::encode(&event, Form::MessagePack).map_err(reject)?.into();
        let topic = Topic::Job(urgency, kind, account);
        let given = self.bus.dispatch(Message { id: message.id, topic, payload }, &[]).await;
        given.map_err(|why| Failure::Retry(Box::new(why)))
    }
}

async fn first_number(store: &Store, taken: &Taken) -> Result<Option<String>, Failure> {
    Ok(Number::first(&store.numbers(&taken.owner).await.map_err(stored)?).map(|number| number.to_string()))
}
