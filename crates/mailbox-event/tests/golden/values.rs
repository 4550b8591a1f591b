//! One event of each kind, every field filled.

use std::collections::BTreeMap;

use mailbox_event::{
    Account, Acl, AclEntry, Address, AlarmAction, Attendee, CalendarAlarm, ChangeKind, Counters,
    DeviceRegistration, Envelope, Event, EventId, Mailbox, MailboxChange, MailboxId, MailboxName,
    MailboxType, MessageFacts, Modseq, NewMailNotice, Notification, OtherNotification, RelayId, Rights,
    SchedulingMessage, SieveNotification, UidValidity, UnixMillis, Unscheduled,
};
use serde_json::{Value, json};

/// Names of files, and what is in them.
pub fn all() -> Vec<(&'static str, Event)> {
    let notifications = [
        ("mailbox", mailbox_full()),
        ("mailbox-bare", mailbox_bare()),
        ("alarm", alarm()),
        ("sieve", sieve(Some(vec![0, 1, 0xff, b'\n']))),
        ("sieve-without-message", sieve(None)),
        ("new-mail", new_mail()),
        ("scheduling", scheduling()),
        ("device", device()),
        ("unscheduled", Notification::Unscheduled(Unscheduled { account: alice(), count: 3 })),
        ("other", other()),
    ];
    notifications.map(|(name, notification)| (name, event(notification))).into()
}

fn event(notification: Notification) -> Event {
    let id = EventId { relay: RelayId(0xfedc_ba98_7654_3210), sequence: 42 };
    Event { id, taken_at: UnixMillis(1_795_313_542_958), notification }
}

fn alice() -> Account {
    Account::parse("alice@example.org").unwrap()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn fields(object: Value) -> BTreeMap<String, Value> {
    let Value::Object(object) = object else { panic!("not an object") };
    object.into_iter().collect()
}

fn mailbox(path: &[&str], holds: MailboxType) -> Mailbox {
    Mailbox {
        id: Some(MailboxId("hk8681swvv2dnpd0c5qkvkg1".to_owned())),
        name: MailboxName { owner: Some(alice()), path: path.iter().map(|&part| part.to_owned()).collect() },
        holds,
        uid_validity: Some(UidValidity(1_795_313_543)),
    }
}

fn mailbox_full() -> Notification {
    Notification::Mailbox(Box::new(MailboxChange {
        kind: ChangeKind::MessageMove,
        mailbox: mailbox(&["Archive", "Résumés"], MailboxType::Mail),
        from: Some(mailbox(&[], MailboxType::Other('z'))),
        actor: Some(Account::parse("bob@example.com").unwrap()),
        counters: Some(counters()),
        jmap_states: BTreeMap::from([
            ("Email".to_owned(), Modseq(22)),
            ("SieveScript".to_owned(), Modseq(0)),
        ]),
        acl: Some(acl()),
        acl_change: Some(("bob".to_owned(), Some(Rights("lrs".to_owned())))),
        messages: facts(),
        service: some("imap"),
        timestamp: some("2026-11-22T02:12:22.957Z"),
        server: some("imap1.example.org"),
        session: some("imap1-1795313542-11893-1"),
        client: some("a-client"),
        extra: fields(json!({
            "bool": true, "list": [1, "two", null], "negative": -5, "null": null, "pid": 11893,
            "large": 18_446_744_073_709_551_615u64, "nested": {"a": {"b": []}},
        })),
    }))
}

fn counters() -> Counters {
    Counters {
        version: 9,
        highest: Modseq(u64::MAX),
        mail: Modseq(45),
        calendar: Modseq(68),
        contacts: Modseq(73),
        notes: Some(Modseq(0)),
        folders: Some([Modseq(32), Modseq(65), Modseq(73), Modseq(0)]),
        quota: Some(Modseq(76)),
        racl: Some(Modseq(1)),
        uid_validity: UidValidity(1_795_313_660),
    }
}

fn acl() -> Acl {
    let entry = |identifier: &str, negative, rights: &str| AclEntry {
        identifier: identifier.to_owned(),
        negative,
        rights: Rights(rights.to_owned()),
    };
    Acl(vec![
        entry("alice", false, "lrswipkxtecdan"),
        entry("group:staff", false, "lrs"),
        entry("bob", true, "w"),
    ])
}

fn facts() -> MessageFacts {
    MessageFacts {
        uid: Some(1),
        uid_set: some("1:3,7"),
        old_uid_set: some("4:6,9"),
        modseq: Some(Modseq(22)),
        message_ids: vec!["<a@example.org>".to_owned(), "<b@example.org>".to_owned()],
        flags: vec!["\\Seen".to_owned(), "$Important".to_owned()],
        size: Some(569),
        exists: Some(3),
        unseen: Some(2),
        conversations: Some(3),
        unseen_conversations: Some(1),
        uid_next: Some(8),
        envelope: Some(envelope()),
        conversation: some("b86504b8e4f531dd"),
        email_id: some("M2996dd59ef9c3acf98457bbf"),
        thread_id: some("Tb86504b8e4f531dd"),
        dav_filename: some("lunch.ics"),
        dav_uid: some("lunch"),
    }
}

fn envelope() -> Envelope {
    let list = |user: &str| {
        vec![Address { name: some("Jörg Müller"), mailbox: some(user), host: some("example.org") }]
    };
    Envelope {
        date: some("Sun, 22 Nov 2026 02:12:22 +0000"),
        subject: some("Grüße aus Köln 🌄"),
        from: list("from"),
        sender: list("sender"),
        reply_to: list("reply-to"),
        to: list("to"),
        cc: vec![Address::default()],
        bcc: Vec::new(),
        in_reply_to: some("<parent@example.org>"),
        message_id: some("<own@example.org>"),
    }
}

/// What a server with the fewest parameters says.
fn mailbox_bare() -> Notification {
    Notification::Mailbox(Box::new(MailboxChange {
        kind: ChangeKind::AclChange,
        mailbox: Mailbox {
            id: None,
            name: MailboxName { owner: None, path: vec!["Shared".to_owned()] },
            holds: MailboxType::AddressBook,
            uid_validity: None,
        },
        from: None,
        actor: None,
        counters: None,
        jmap_states: BTreeMap::new(),
        acl: None,
        acl_change: Some(("anyone".to_owned(), None)),
        messages: MessageFacts::default(),
        service: None,
        timestamp: None,
        server: None,
        session: None,
        client: None,
        extra: BTreeMap::new(),
    }))
}

fn alarm() -> Notification {
    let attendee = |name: &str, email: &str, status: &str| Attendee {
        name: name.to_owned(),
        email: email.to_owned(),
        status: status.to_owned(),
    };
    Notification::Alarm(Box::new(CalendarAlarm {
        account: alice(),
        action: AlarmAction::Email,
        calendar_id: "Default".to_owned(),
        calendar_name: "personal".to_owned(),
        uid: "lunch".to_owned(),
        recurrence_id: some("20261122T031748"),
        calendar_event_id: some("E1"),
        alert_id: some("a1"),
        alarm_time: "20261122T031248".to_owned(),
        recipients: vec!["alice@example.org".to_owned()],
        summary: "Team lunch, café".to_owned(),
        description: "Bring the plans\nand a pen".to_owned(),
        location: "Café Müller, Köln".to_owned(),
        timezone: "Europe/Berlin".to_owned(),
        start: "20261122T031748".to_owned(),
        end: "20261122T041748".to_owned(),
        all_day: false,
        attendees: vec![
            attendee("Bob", "bob@example.org", "ACCEPTED"),
            attendee("", "carol@example.org", ""),
        ],
        organizer: "alice@example.org".to_owned(),
    }))
}

fn sieve(message: Option<Vec<u8>>) -> Notification {
    Notification::Sieve(Box::new(SieveNotification {
        account: alice(),
        method: "sms:+15551230000".to_owned(),
        priority: "high".to_owned(),
        options: vec!["summarise".to_owned(), "1".to_owned()],
        text: "You have mail".to_owned(),
        message,
    }))
}

fn new_mail() -> Notification {
    let text = "From: Robert <robn@example.org>\nSubject: Hi\nTo: alice@example.org\n".to_owned();
    Notification::NewMail(NewMailNotice { account: alice(), mailbox: "INBOX".to_owned(), text })
}

fn scheduling() -> Notification {
    let fields = fields(json!({"calendarOwner": "alice", "is_update": true, "jsevent": {"uid": "lunch"}}));
    Notification::Scheduling(SchedulingMessage { account: Some(alice()), fields })
}

fn device() -> Notification {
    let fields = fields(json!({"apsVersion": 2, "mailboxes": ["INBOX", "Drafts"]}));
    Notification::Device(DeviceRegistration { account: alice(), dav: true, fields })
}

fn other() -> Notification {
    let fields = fields(json!({"clientPort": 40750, "user": "alice"}));
    Notification::Other(OtherNotification { class: "EVENT".to_owned(), name: some("Login"), fields })
}
