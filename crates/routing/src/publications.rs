//! What relay has to do on the bus for one event.

use bus::{Key, Message, Topic};
use mailbox_event::{
    Account, AccountToken, AccountTokens, Event, Naming, Notification,
    codec::{self, EncodeError, Form},
};
use state::Observation;

use crate::split;

/// Everything that one event asks of the bus. Empty where nobody is to be told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Publications {
    /// To be merged into the STATE of this account, by compare-and-set.
    pub state: Option<(AccountToken, Observation)>,
    /// To be dispatched, each under its keys: jobs under none, live messages under the account's. Payload: the
    /// encoded [`Event`].
    pub messages: Vec<(Message, Vec<Key>)>,
}

/// Applies [`split()`] to an event. `naming` finds the owner of a mailbox in its ACL, `form` is how payloads are
/// written.
///
/// A mailbox without an owner (the shared namespace) has no STATE, and nothing comes of its events.
pub fn publications(
    event: &Event,
    tokens: &AccountTokens,
    naming: &Naming,
    form: Form,
) -> Result<Publications, EncodeError> {
    let Some(account) = account(&event.notification) else {
        return Ok(Publications::default());
    };
    let token = tokens.token(account);
    let route = split(&event.notification);
    let state = match &event.notification {
        Notification::Mailbox(change) if route.state => {
            Observation::of(change, naming.user_id(account), event.taken_at)
        }
        _ => None,
    };
    let job = route.job.map(|(urgency, kind)| (Topic::Job(urgency, kind, token), Vec::new()));
    let live = route.live.map(|kind| (Topic::Live(token, kind), vec![Key(token)]));
    let messages = job
        .into_iter()
        .chain(live)
        .map(|(topic, keys)| Ok((message(event, topic, form)?, keys)))
        .collect::<Result<_, EncodeError>>()?;
    Ok(Publications { state: state.map(|observation| (token, observation)), messages })
}

fn message(event: &Event, topic: Topic, form: Form) -> Result<Message, EncodeError> {
    Ok(Message { id: event.id, topic, payload: codec::encode(event, form)?.into() })
}

/// Whose event it is.
fn account(notification: &Notification) -> Option<&Account> {
    match notification {
        Notification::Mailbox(change) => change.mailbox.name.owner.as_ref(),
        Notification::Alarm(alarm) => Some(&alarm.account),
        Notification::Sieve(notification) => Some(&notification.account),
        Notification::NewMail(notice) => Some(&notice.account),
        Notification::Scheduling(message) => message.account.as_ref(),
        Notification::Device(registration) => Some(&registration.account),
        Notification::Unscheduled(unscheduled) => Some(&unscheduled.account),
        Notification::Other(_) => None,
    }
}

#[cfg(test)]
mod tests;
