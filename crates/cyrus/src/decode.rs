//! From a notice to a notification, class by class.

mod alarm;
mod change;
mod event;
mod fields;
mod message;

use mailbox_event::{NewMailNotice, Notification, OtherNotification, SchedulingMessage, SieveNotification};
use serde_json::Value;

pub(crate) use event::event;
use fields::Fields;

use crate::{Dialect, Malformed, Notice, notice::readable};

/// What Cyrus before 3.13.1 puts between a Sieve text and its list of what else the script did.
const ACTIONS: &str = "Action(s) taken:\n";

/// Class SIEVE.
pub(crate) fn sieve(
    dialect: &Dialect,
    notice: &Notice,
    message: Option<Vec<u8>>,
) -> Result<Notification, Malformed> {
    Ok(Notification::Sieve(Box::new(SieveNotification {
        account: dialect.account(&notice.user, "user")?,
        method: notice.method.clone(),
        priority: notice.priority.clone(),
        options: notice.options.clone(),
        text: without_actions(&readable(notice.message.as_slice())).to_owned(),
        message,
    })))
}

/// Cuts the list of actions and the newlines at the end.
fn without_actions(text: &str) -> &str {
    let list =
        text.rmatch_indices(ACTIONS).map(|(at, _)| at).find(|at| *at == 0 || text[..*at].ends_with('\n'));
    text[..list.unwrap_or(text.len())].trim_end_matches(['\r', '\n'])
}

/// Class MAIL.
pub(crate) fn new_mail(dialect: &Dialect, notice: &Notice) -> Result<Notification, Malformed> {
    Ok(Notification::NewMail(NewMailNotice {
        account: dialect.account(&notice.user, "user")?,
        mailbox: notice.mailbox.clone(),
        text: readable(notice.message.as_slice()),
    }))
}

/// Class IMIP.
pub(crate) fn scheduling(dialect: &Dialect, notice: &Notice) -> Result<Notification, Malformed> {
    let fields = Fields::parse(&notice.message)?;
    let user = fields.text("calendarOwner").unwrap_or(&notice.user);
    let account = dialect.account(user, "calendarOwner").ok();
    Ok(Notification::Scheduling(SchedulingMessage { account, fields: fields.rest() }))
}

/// A class we do not know: its message, as JSON where it is that, and the notice's other parts.
pub(crate) fn unknown_class(notice: &Notice) -> Notification {
    let mut fields = Fields::parse(&notice.message).map(Fields::rest).unwrap_or_default();
    let texts = [
        ("method", &notice.method),
        ("priority", &notice.priority),
        ("user", &notice.user),
        ("mailbox", &notice.mailbox),
    ];
    for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        fields.entry(key.to_owned()).or_insert_with(|| Value::from(text.as_str()));
    }
    fields.entry("options".to_owned()).or_insert_with(|| Value::from(notice.options.clone()));
    fields.entry("message".to_owned()).or_insert_with(|| Value::from(readable(notice.message.as_slice())));
    Notification::Other(OtherNotification { class: notice.class.clone(), name: None, fields })
}

#[cfg(test)]
mod tests;
