//! Notifications of scripts, as they lie on the bus.

use std::sync::Arc;

use bus::{Bus, JobKind, Message, Topic, Urgency};
use futures_util::{StreamExt, TryStreamExt, stream};
use mailbox_event::{Account, Event, EventId, Notification, RelayId, SieveNotification, UnixMillis, codec};

use crate::{Outcome, peer::user, server::tokens};

const AT_ONCE: usize = 256;

/// The mail that was sorted. Each notification has a message of its own: it names its number.
const MAIL: &str = "From: Robert Norris <robn@example.org>\r\nSubject: Holiday pics\r\n\r\n\
    Please look at them before Monday, they are from the lake.\r\n";
const WORDS: &str = "Robert Norris: Holiday pics. Please look at them before Monday, they are from the lake.";

/// The account of a user.
pub fn account(user_number: usize) -> Outcome<Account> {
    let name = format!("{}@example.org", user(u32::try_from(user_number)?));
    Ok(Account::parse(&name).map_err(|error| error.to_string())?)
}

/// Their telephone.
pub fn number(user_number: usize) -> String {
    format!("+49151{user_number:08}")
}

/// Puts `count` of them on the bus, of each of so many users in turn.
pub async fn dispatch(bus: &Arc<dyn Bus>, count: usize, users: usize) -> Outcome<()> {
    let jobs = (0..count).map(|sequence| async move {
        bus.dispatch(job(sequence, sequence % users)?, &[]).await?;
        Outcome::Ok(())
    });
    stream::iter(jobs).buffer_unordered(AT_ONCE).try_collect::<()>().await
}

fn job(sequence: usize, user_number: usize) -> Outcome<Message> {
    let account = account(user_number)?;
    let topic = Topic::Job(Urgency::Normal, JobKind::Sms, tokens().token(&account));
    let id = EventId { relay: RelayId(1), sequence: u64::try_from(sequence)? + 1 };
    let notification = SieveNotification {
        account,
        method: format!("sms:{}", number(user_number)),
        priority: "normal".to_owned(),
        options: Vec::new(),
        text: WORDS.to_owned(),
        message: Some(format!("Message-ID: <{sequence}@example.org>\r\n{MAIL}").into_bytes()),
    };
    let taken_at = UnixMillis(kit::clock::unix_millis());
    let event = Event { id, taken_at, notification: Notification::Sieve(Box::new(notification)) };
    Ok(Message { id, topic, payload: codec::encode(&event, codec::Form::MessagePack)?.into() })
}
