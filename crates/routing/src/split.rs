//! The rule of the split.

use bus::{JobKind, LiveKind, Urgency};
use mailbox_event::{AlarmAction, CalendarAlarm, ChangeKind, MailboxChange, Notification, SieveNotification};

/// Where a notification goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Route {
    /// It is merged into the STATE of the mailbox's owner (fast).
    pub state: bool,
    /// It is told once to the streams and devices of the account (fast).
    pub live: Option<LiveKind>,
    /// It is work that needs the database or sends mail (slow).
    pub job: Option<(Urgency, JobKind)>,
}

impl Route {
    /// Nobody is told.
    pub const NONE: Self = Self { state: false, live: None, job: None };
    const STATE: Self = Self { state: true, ..Self::NONE };

    const fn live(kind: LiveKind) -> Self {
        Self { live: Some(kind), ..Self::NONE }
    }

    const fn job(urgency: Urgency, kind: JobKind) -> Self {
        Self { job: Some((urgency, kind)), ..Self::NONE }
    }
}

/// An event that needs the database or sends mail is slow; what goes to open connections or makes a simple HTTP call
/// is fast. The table is `docs/the-split.md`.
pub fn split(notification: &Notification) -> Route {
    match notification {
        Notification::Mailbox(change) => mailbox(change),
        Notification::Alarm(alarm) => by_action(alarm),
        Notification::Sieve(notification) => Route::job(urgency(notification), by_method(notification)),
        Notification::Unscheduled(_) => Route::job(Urgency::Normal, JobKind::Unscheduled),
        // The delivery itself comes as MessageNew, with more in it.
        Notification::NewMail(_) => Route::NONE,
        // What it did to the calendar comes as MessageNew in the calendar.
        Notification::Scheduling(_) => Route::NONE,
        // mailpush pushes to no devices, so there is nowhere to register one.
        Notification::Device(_) => Route::NONE,
        // Logins and logouts, and what we have no word for.
        Notification::Other(_) => Route::NONE,
    }
}

fn mailbox(change: &MailboxChange) -> Route {
    match change.kind {
        ChangeKind::MessageNew
        | ChangeKind::MessageAppend
        | ChangeKind::MessageExpunge
        | ChangeKind::MessageExpire
        | ChangeKind::MessageCopy
        | ChangeKind::MessageMove
        | ChangeKind::MessageRead
        | ChangeKind::MessageTrash
        | ChangeKind::FlagsSet
        | ChangeKind::FlagsClear
        | ChangeKind::MailboxCreate
        | ChangeKind::MailboxDelete
        | ChangeKind::MailboxRename
        | ChangeKind::MailboxModseq
        | ChangeKind::MailboxSubscribe
        | ChangeKind::MailboxUnsubscribe
        | ChangeKind::AclChange
        | ChangeKind::QuotaExceed
        | ChangeKind::QuotaWithin
        | ChangeKind::QuotaChange => Route::STATE,
    }
}

fn by_action(alarm: &CalendarAlarm) -> Route {
    match alarm.action {
        AlarmAction::Display => Route::live(LiveKind::CalendarAlert),
        // An alarm that comes late is of no use.
        AlarmAction::Email => Route::job(Urgency::High, JobKind::Alarm),
    }
}

/// Each means of notifying has work of its own, so that a gateway that is away holds up no mail. What has no scheme is a
/// server's own word or one of before RFC 5435.
fn by_method(notification: &SieveNotification) -> JobKind {
    let scheme = notification.method.split(':').next().unwrap_or_default();
    match scheme.to_ascii_lowercase().as_str() {
        "sms" | "tel" => JobKind::Sms,
        "https" => JobKind::Webhook,
        _ => JobKind::Sieve,
    }
}

/// RFC 5435 §3.4 (importance), in Cyrus' words; anything else is normal.
fn urgency(notification: &SieveNotification) -> Urgency {
    match notification.priority.to_ascii_lowercase().as_str() {
        "high" => Urgency::High,
        "low" => Urgency::Low,
        _ => Urgency::Normal,
    }
}

#[cfg(test)]
mod tests;
