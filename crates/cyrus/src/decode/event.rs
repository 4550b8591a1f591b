//! Class EVENT: what Cyrus' mboxevent says (RFC 5423 and Cyrus' own).

use mailbox_event::{ChangeKind, DeviceRegistration, Notification, OtherNotification, Unscheduled};

use super::{alarm, change, fields::Fields};
use crate::{Dialect, Malformed, Notice};

/// Understands the JSON of an event.
pub(crate) fn event(dialect: &Dialect, notice: &Notice) -> Result<Notification, Malformed> {
    let mut fields = Fields::parse(&notice.message)?;
    let name = fields.require("event")?;
    if let Some(kind) = kind(&name) {
        return change::decode(dialect, kind, fields).map(|change| Notification::Mailbox(Box::new(change)));
    }
    match name.as_str() {
        "CalendarAlarm" => alarm::decode(dialect, fields),
        "ApplePushService" => device(dialect, fields, false),
        "ApplePushServiceDAV" => device(dialect, fields, true),
        "MessagesUnscheduled" => unscheduled(dialect, fields),
        _ => Ok(other(name, fields)),
    }
}

/// An event that we have no word for, Login and Logout among them.
pub(super) fn other(name: String, fields: Fields) -> Notification {
    let fields = fields.rest();
    Notification::Other(OtherNotification { class: "EVENT".to_owned(), name: Some(name), fields })
}

fn device(dialect: &Dialect, mut fields: Fields, dav: bool) -> Result<Notification, Malformed> {
    let account = dialect.account(&fields.require("user")?, "user")?;
    fields.take_number::<u64>("pid");
    Ok(Notification::Device(DeviceRegistration { account, dav, fields: fields.rest() }))
}

fn unscheduled(dialect: &Dialect, mut fields: Fields) -> Result<Notification, Malformed> {
    let account = dialect.account(&fields.require("userId")?, "userId")?;
    let count = fields.take_number("count").ok_or(Malformed::Missing("count"))?;
    Ok(Notification::Unscheduled(Unscheduled { account, count }))
}

/// The kind of change that an event's name says. Cyrus marks its own events with a vendor prefix.
fn kind(name: &str) -> Option<ChangeKind> {
    Some(match name.strip_prefix("vnd.cmu.").unwrap_or(name) {
        "MessageNew" => ChangeKind::MessageNew,
        "MessageAppend" => ChangeKind::MessageAppend,
        "MessageExpunge" => ChangeKind::MessageExpunge,
        "MessageExpire" => ChangeKind::MessageExpire,
        "MessageCopy" => ChangeKind::MessageCopy,
        "MessageMove" => ChangeKind::MessageMove,
        "MessageRead" => ChangeKind::MessageRead,
        "MessageTrash" => ChangeKind::MessageTrash,
        "FlagsSet" => ChangeKind::FlagsSet,
        "FlagsClear" => ChangeKind::FlagsClear,
        "MailboxCreate" => ChangeKind::MailboxCreate,
        "MailboxDelete" => ChangeKind::MailboxDelete,
        "MailboxRename" => ChangeKind::MailboxRename,
        "MailboxModseq" => ChangeKind::MailboxModseq,
        "MailboxSubscribe" => ChangeKind::MailboxSubscribe,
        // Cyrus has a capital S here; RFC 5423 has none.
        "MailboxUnSubscribe" | "MailboxUnsubscribe" => ChangeKind::MailboxUnsubscribe,
        "AclChange" => ChangeKind::AclChange,
        "QuotaExceed" => ChangeKind::QuotaExceed,
        "QuotaWithin" => ChangeKind::QuotaWithin,
        "QuotaChange" => ChangeKind::QuotaChange,
        _ => return None,
    })
}
