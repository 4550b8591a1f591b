//! One notification of every kind, for the tests of this crate.

use std::collections::BTreeMap;

use mailbox_event::{
    Account, AlarmAction, CalendarAlarm, ChangeKind, DeviceRegistration, Mailbox, MailboxChange, MailboxName,
    MailboxType, MessageFacts, NewMailNotice, Notification, OtherNotification, SchedulingMessage,
    SieveNotification, Unscheduled,
};

pub(crate) fn alice() -> Account {
    Account::parse("alice@example.org").unwrap()
}

/// Every kind of change and every class. The chains below match exhaustively, so that a kind that is added to the
/// vocabulary does not compile here until it has a place in them, and then wants a row in the table.
pub(crate) fn every_notification() -> Vec<Notification> {
    let kinds = std::iter::successors(Some(ChangeKind::MessageNew), |kind| next_kind(*kind)).map(change);
    kinds.chain(std::iter::successors(next_class(&change(ChangeKind::MessageNew)), next_class)).collect()
}

pub(crate) fn next_kind(kind: ChangeKind) -> Option<ChangeKind> {
    Some(match kind {
        ChangeKind::MessageNew => ChangeKind::MessageAppend,
        ChangeKind::MessageAppend => ChangeKind::MessageExpunge,
        ChangeKind::MessageExpunge => ChangeKind::MessageExpire,
        ChangeKind::MessageExpire => ChangeKind::MessageCopy,
        ChangeKind::MessageCopy => ChangeKind::MessageMove,
        ChangeKind::MessageMove => ChangeKind::MessageRead,
        ChangeKind::MessageRead => ChangeKind::MessageTrash,
        ChangeKind::MessageTrash => ChangeKind::FlagsSet,
        ChangeKind::FlagsSet => ChangeKind::FlagsClear,
        ChangeKind::FlagsClear => ChangeKind::MailboxCreate,
        ChangeKind::MailboxCreate => ChangeKind::MailboxDelete,
        ChangeKind::MailboxDelete => ChangeKind::MailboxRename,
        ChangeKind::MailboxRename => ChangeKind::MailboxModseq,
        ChangeKind::MailboxModseq => ChangeKind::MailboxSubscribe,
        ChangeKind::MailboxSubscribe => ChangeKind::MailboxUnsubscribe,
        ChangeKind::MailboxUnsubscribe => ChangeKind::AclChange,
        ChangeKind::AclChange => ChangeKind::QuotaExceed,
        ChangeKind::QuotaExceed => ChangeKind::QuotaWithin,
        ChangeKind::QuotaWithin => ChangeKind::QuotaChange,
        ChangeKind::QuotaChange => return None,
    })
}

fn next_class(notification: &Notification) -> Option<Notification> {
    Some(match notification {
        Notification::Mailbox(_) => alarm(AlarmAction::Display),
        Notification::Alarm(before) => match before.action {
            AlarmAction::Display => alarm(AlarmAction::Email),
            AlarmAction::Email => sieve("high", "mailto"),
        },
        Notification::Sieve(before) => match (before.method.as_str(), before.priority.as_str()) {
            ("mailto", "high") => sieve("normal", "mailto"),
            ("mailto", "normal") => sieve("low", "mailto"),
            ("mailto", _) => sieve("normal", "sms:+15551230000"),
            ("sms:+15551230000", _) => sieve("normal", "https://hooks.example.org/"),
            _ => Notification::NewMail(NewMailNotice {
                account: alice(),
                mailbox: "INBOX".to_owned(),
                text: String::new(),
            }),
        },
        Notification::NewMail(_) => {
            Notification::Scheduling(SchedulingMessage { account: Some(alice()), fields: BTreeMap::new() })
        }
        Notification::Scheduling(_) => device(false),
        Notification::Device(before) if !before.dav => device(true),
        Notification::Device(_) => Notification::Unscheduled(Unscheduled { account: alice(), count: 1 }),
        Notification::Unscheduled(_) => Notification::Other(OtherNotification {
            class: "EVENT".to_owned(),
            name: Some("Login".to_owned()),
            fields: BTreeMap::new(),
        }),
        Notification::Other(_) => return None,
    })
}

pub(crate) fn change(kind: ChangeKind) -> Notification {
    let name = MailboxName { owner: Some(alice()), path: vec!["Team".to_owned()] };
    let holds = MailboxType::Mail;
    Notification::Mailbox(Box::new(MailboxChange {
        kind,
        mailbox: Mailbox { id: None, name, holds, uid_validity: None },
        from: None,
        actor: None,
        counters: None,
        jmap_states: BTreeMap::new(),
        acl: None,
        acl_change: None,
        messages: MessageFacts::default(),
        service: None,
        timestamp: None,
        server: None,
        session: None,
        client: None,
        extra: BTreeMap::new(),
    }))
}

pub(crate) fn alarm(action: AlarmAction) -> Notification {
    let text = str::to_owned;
    Notification::Alarm(Box::new(CalendarAlarm {
        account: alice(),
        action,
        calendar_id: text("Default"),
        calendar_name: text("Personal"),
        uid: text("lunch-1"),
        recurrence_id: None,
        calendar_event_id: None,
        alert_id: None,
        alarm_time: text("20261122T114500"),
        recipients: Vec::new(),
        summary: text("Lunch"),
        description: String::new(),
        location: String::new(),
        timezone: text("Europe/Vienna"),
        start: text("20261122T120000"),
        end: text("20261122T130000"),
        all_day: false,
        attendees: Vec::new(),
        organizer: String::new(),
    }))
}

pub(crate) fn sieve(priority: &str, method: &str) -> Notification {
    Notification::Sieve(Box::new(SieveNotification {
        account: alice(),
        method: method.to_owned(),
        priority: priority.to_owned(),
        options: Vec::new(),
        text: String::new(),
        message: None,
    }))
}

fn device(dav: bool) -> Notification {
    Notification::Device(DeviceRegistration { account: alice(), dav, fields: BTreeMap::new() })
}
