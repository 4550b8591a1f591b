use mailbox_event::{AlarmAction, ChangeKind, MailboxType, Modseq, Naming, Notification, Rights};
use serde_json::{Value, json};

use super::without_actions;
use crate::{Dialect, Malformed, Notice};

fn dialect() -> Dialect {
    Dialect::new(Naming::new("example.org"))
}

fn decode(class: &str, message: &str) -> Result<Notification, Malformed> {
    let notice = Notice {
        class: class.to_owned(),
        user: "alice".to_owned(),
        mailbox: "INBOX".to_owned(),
        message: message.into(),
        ..Notice::default()
    };
    dialect().decode(&notice, None)
}

fn event(fields: Value) -> Result<Notification, Malformed> {
    decode("EVENT", &fields.to_string())
}

fn change(fields: Value) -> mailbox_event::MailboxChange {
    match event(fields) {
        Ok(Notification::Mailbox(change)) => *change,
        other => panic!("no change in a mailbox: {other:?}"),
    }
}

/// A change at alice's INBOX with these keys besides.
fn inbox(name: &str, more: Value) -> mailbox_event::MailboxChange {
    let mut fields = json!({"event": name, "uri": "imap://h/user/alice;UIDVALIDITY=7"});
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    change(fields)
}

#[test]
fn the_list_of_actions_is_cut_from_a_sieve_text() {
    for (text, expected) in [
        ("You have mail\n\nAction(s) taken:\nKept\n", "You have mail"),
        ("one\r\ntwo\n\n", "one\r\ntwo"),
        ("\nAction(s) taken:\nKept\n", ""),
        ("Action(s) taken:\nKept\n", ""),
        ("Action(s) taken:\nby me\n\nAction(s) taken:\nFiled into: x\n", "Action(s) taken:\nby me"),
        ("no Action(s) taken:\nreally", "no Action(s) taken:\nreally"),
        ("", ""),
    ] {
        assert_eq!(without_actions(text), expected, "{text:?}");
    }
}

#[test]
fn a_sieve_notification_keeps_its_message() {
    let notice = Notice {
        method: "sms:+1555".to_owned(),
        class: "SIEVE".to_owned(),
        priority: "high".to_owned(),
        user: "erin@Example.com".to_owned(),
        options: vec!["x".to_owned()],
        message: b"hi\n\n".to_vec(),
        ..Notice::default()
    };
    let Ok(Notification::Sieve(sieve)) = dialect().decode(&notice, Some(b"From: x".to_vec())) else {
        panic!()
    };
    assert_eq!(sieve.account.as_str(), "erin@example.com");
    assert_eq!(
        (sieve.method.as_str(), sieve.priority.as_str(), sieve.text.as_str()),
        ("sms:+1555", "high", "hi")
    );
    assert_eq!((sieve.options, sieve.message), (vec!["x".to_owned()], Some(b"From: x".to_vec())));
}

#[test]
fn scheduling_messages_are_kept_whole() {
    let Ok(Notification::Scheduling(imip)) =
        decode("IMIP", r#"{"calendarOwner":"bob","id":"x","is_update":true}"#)
    else {
        panic!()
    };
    assert_eq!(imip.account.unwrap().as_str(), "bob@example.org");
    assert_eq!(imip.fields["calendarOwner"], "bob");
    assert_eq!(imip.fields["is_update"], true);
    assert_eq!(decode("IMIP", "BEGIN:VCALENDAR"), Err(Malformed::NotJson));
}

#[test]
fn a_class_we_do_not_know_is_passed_on() {
    for (message, key, expected) in [(r#"{"a":1}"#, "a", json!(1)), ("words", "message", json!("words"))] {
        let Ok(Notification::Other(other)) = decode("NOVEL", message) else { panic!() };
        assert_eq!((other.class.as_str(), other.name), ("NOVEL", None));
        assert_eq!(other.fields[key], expected);
        assert_eq!(other.fields["user"], "alice");
    }
}

#[test]
fn every_event_of_mailboxes_has_its_kind() {
    for (name, expected) in [
        ("MessageNew", ChangeKind::MessageNew),
        ("MessageAppend", ChangeKind::MessageAppend),
        ("MessageExpunge", ChangeKind::MessageExpunge),
        ("MessageExpire", ChangeKind::MessageExpire),
        ("vnd.cmu.MessageCopy", ChangeKind::MessageCopy),
        ("vnd.cmu.MessageMove", ChangeKind::MessageMove),
        ("MessageRead", ChangeKind::MessageRead),
        ("MessageTrash", ChangeKind::MessageTrash),
        ("FlagsSet", ChangeKind::FlagsSet),
        ("FlagsClear", ChangeKind::FlagsClear),
        ("MailboxCreate", ChangeKind::MailboxCreate),
        ("MailboxDelete", ChangeKind::MailboxDelete),
        ("MailboxRename", ChangeKind::MailboxRename),
        ("MailboxModseq", ChangeKind::MailboxModseq),
        ("MailboxSubscribe", ChangeKind::MailboxSubscribe),
        ("MailboxUnSubscribe", ChangeKind::MailboxUnsubscribe),
        ("AclChange", ChangeKind::AclChange),
        ("QuotaExceed", ChangeKind::QuotaExceed),
        ("QuotaWithin", ChangeKind::QuotaWithin),
        ("QuotaChange", ChangeKind::QuotaChange),
    ] {
        assert_eq!(inbox(name, json!({})).kind, expected, "{name}");
    }
}

#[test]
fn every_key_of_a_change_has_its_field() {
    let change = inbox(
        "vnd.cmu.MessageMove",
        json!({
            "pid": 9, "timestamp": "2026-11-22T02:12:22.957Z", "service": "imap", "serverFQDN": "h",
            "user": "bob", "mailboxID": "id1", "oldMailboxID": "imap://h/user/bob/Old;UIDVALIDITY=6",
            "modseq": 4, "messages": 3, "vnd.cmu.unseenMessages": 2, "uidnext": 6, "uidset": "4,5",
            "vnd.cmu.oldUidset": "1:2", "vnd.cmu.midset": ["<a@b>", "NIL"], "flagNames": "\\Seen work",
            "messageSize": 569, "vnd.cmu.mbtype": "el", "vnd.cmu.mailboxACL": "alice\tlr\t",
            "vnd.cmu.sessionId": "s1", "vnd.fastmail.sessionId": "s2", "vnd.fastmail.clientId": "c",
            "vnd.fastmail.convExists": 8, "vnd.fastmail.convUnseen": 7, "vnd.fastmail.cid": "cc",
            "vnd.fastmail.counters": "9 5 4 3 2 1", "vnd.fastmail.jmapStates": {"Email": "4", "Quota": "2"},
            "vnd.cmu.emailid": "M1", "vnd.cmu.threadid": "T1", "vnd.cmu.davFilename": "x.ics",
            "vnd.cmu.davUid": "u", "novel": [1],
            "vnd.cmu.envelope": "(NIL \"Hi\" NIL NIL NIL NIL NIL NIL NIL NIL)",
        }),
    );
    let (mailbox, facts) = (&change.mailbox, &change.messages);
    assert_eq!(mailbox.id.as_ref().unwrap().0, "id1");
    assert!(mailbox.name.is_inbox());
    assert_eq!((mailbox.holds, mailbox.uid_validity.unwrap().0), (MailboxType::Mail, 7));
    let from = change.from.unwrap();
    assert_eq!(
        (from.name.owner.unwrap().as_str(), from.name.path),
        ("bob@example.org", vec!["Old".to_owned()])
    );
    assert_eq!(change.actor.unwrap().as_str(), "bob@example.org");
    assert_eq!(change.counters.unwrap().mail, Modseq(4));
    assert_eq!(change.jmap_states["Quota"], Modseq(2));
    assert!(change.acl.unwrap().0[0].rights.has('r'));
    assert_eq!(
        (facts.uid, facts.uid_set.as_deref(), facts.old_uid_set.as_deref()),
        (None, Some("4,5"), Some("1:2"))
    );
    assert_eq!((facts.modseq, facts.size), (Some(Modseq(4)), Some(569)));
    assert_eq!(
        (&facts.message_ids[..], &facts.flags[..]),
        (&["<a@b>".to_owned()][..], &["\\Seen".to_owned(), "work".to_owned()][..])
    );
    assert_eq!((facts.exists, facts.unseen, facts.uid_next), (Some(3), Some(2), Some(6)));
    assert_eq!((facts.conversations, facts.unseen_conversations), (Some(8), Some(7)));
    assert_eq!(facts.envelope.as_ref().unwrap().subject.as_deref(), Some("Hi"));
    assert_eq!(facts.conversation.as_deref(), Some("cc"));
    assert_eq!((facts.email_id.as_deref(), facts.thread_id.as_deref()), (Some("M1"), Some("T1")));
    assert_eq!((facts.dav_filename.as_deref(), facts.dav_uid.as_deref()), (Some("x.ics"), Some("u")));
    assert_eq!((change.service.as_deref(), change.server.as_deref()), (Some("imap"), Some("h")));
    assert_eq!((change.session.as_deref(), change.client.as_deref()), (Some("s2"), Some("c")));
    assert_eq!(change.timestamp.as_deref(), Some("2026-11-22T02:12:22.957Z"));
    let extra: Vec<_> = change.extra.into_iter().collect();
    let kept = [("novel", json!([1])), ("pid", json!(9)), ("vnd.cmu.mbtype", json!("el"))];
    assert_eq!(extra, kept.map(|(key, value)| (key.to_owned(), value)));
}

#[test]
fn what_cannot_be_understood_is_kept() {
    let odd = json!({
        "uidnext": -1, "messages": "3", "modseq": 1.5, "user": "al ice", "oldMailboxID": "x",
        "vnd.fastmail.counters": "0 0 0 0 0 0", "vnd.cmu.envelope": "(", "vnd.cmu.midset": [1],
        "vnd.fastmail.jmapStates": {"Email": "J4"}, "vnd.fastmail.cid": 4,
    });
    let change = inbox("FlagsSet", odd.clone());
    assert_eq!((change.actor, change.counters, change.from), (None, None, None));
    assert_eq!(change.messages, mailbox_event::MessageFacts::default());
    assert_eq!(Value::from_iter(change.extra), odd);
}

#[test]
fn the_unique_id_is_preferred_and_the_other_kept() {
    let change = inbox("MailboxCreate", json!({"mailboxID": "P1", "mailboxUniqueId": "u1"}));
    assert_eq!(change.mailbox.id.unwrap().0, "u1");
    assert_eq!(change.extra["mailboxID"], "P1");
}

#[test]
fn empty_users_and_quota_counts_are_not_taken_for_more() {
    assert_eq!(inbox("MailboxModseq", json!({"user": ""})).actor, None);
    let quota = inbox("QuotaExceed", json!({"messages": 90_000, "diskUsed": 5}));
    assert_eq!((quota.messages.exists, quota.extra["messages"].as_u64()), (None, Some(90_000)));
}

#[test]
fn rights_given_and_taken_away_differ() {
    let given = inbox("AclChange", json!({"aclSubject": "bob", "aclRights": "lr"}));
    assert_eq!(given.acl_change, Some(("bob".to_owned(), Some(Rights("lr".to_owned())))));
    for taken in [json!({"aclSubject": "bob"}), json!({"aclSubject": "bob", "aclRights": null})] {
        assert_eq!(inbox("AclChange", taken).acl_change, Some(("bob".to_owned(), None)));
    }
}

#[test]
fn types_come_from_the_letter_or_else_from_the_folder() {
    for (path, mbtype, expected) in [
        ("Work", Some("e"), MailboxType::Mail),
        ("Work", Some(""), MailboxType::Mail),
        ("Work", Some("z"), MailboxType::Other('z')),
        ("%23calendars/x", Some("b"), MailboxType::Collection),
        ("Work", Some("n"), MailboxType::Notes),
        ("Work", None, MailboxType::Mail),
        ("%23calendars/x", None, MailboxType::Calendar),
        ("%23addressbooks/x", None, MailboxType::AddressBook),
    ] {
        let uri = format!("imap://h/user/alice/{path};UIDVALIDITY=7");
        let mut fields = json!({"event": "MailboxCreate", "uri": uri});
        if let Some(mbtype) = mbtype {
            fields["vnd.cmu.mbtype"] = mbtype.into();
        }
        assert_eq!(change(fields).mailbox.holds, expected, "{path} {mbtype:?}");
    }
}

#[test]
fn an_alarm_is_read() {
    let alarm = json!({
        "event": "CalendarAlarm", "pid": 1, "alarmTime": "20261122T031248", "action": "EMAIL",
        "alarmRecipients": ["MAILTO:alice@example.org", ""], "userId": "Alice", "calendarId": "Default",
        "calendarName": "personal", "uid": "lab-1", "recurrenceId": "20261122", "alertId": "a1",
        "calendarEventId": "E1", "summary": r"Team lunch\, café", "description": r"one\ntwo",
        "location": r"a\;b", "timezone": "UTC", "start": "20261122T031748", "end": "20261122T041748",
        "allDay": 1, "attendeeNames": ["Bob"], "attendeeEmails": ["mailto:bob@e", "carol@e"],
        "attendeeStatus": [], "organizer": "Mailto:alice@example.org",
    });
    let Ok(Notification::Alarm(alarm)) = event(alarm) else { panic!() };
    assert_eq!((alarm.account.as_str(), alarm.action), ("alice@example.org", AlarmAction::Email));
    assert_eq!((alarm.calendar_id.as_str(), alarm.calendar_name.as_str()), ("Default", "personal"));
    assert_eq!((alarm.uid.as_str(), alarm.recurrence_id.as_deref()), ("lab-1", Some("20261122")));
    assert_eq!((alarm.alert_id.as_deref(), alarm.calendar_event_id.as_deref()), (Some("a1"), Some("E1")));
    assert_eq!((alarm.alarm_time.as_str(), alarm.timezone.as_str()), ("20261122T031248", "UTC"));
    assert_eq!(
        (alarm.start.as_str(), alarm.end.as_str(), alarm.all_day),
        ("20261122T031748", "20261122T041748", true)
    );
    assert_eq!((alarm.summary.as_str(), alarm.description.as_str()), ("Team lunch, café", "one\ntwo"));
    assert_eq!((alarm.location.as_str(), alarm.organizer.as_str()), ("a;b", "alice@example.org"));
    assert_eq!(alarm.recipients, ["alice@example.org"]);
    let attendees: Vec<_> = alarm.attendees.iter().map(|a| (a.name.as_str(), a.email.as_str())).collect();
    assert_eq!(attendees, [("Bob", "bob@e"), ("", "carol@e")]);
}

#[test]
fn an_alarm_may_lack_all_but_its_identity() {
    let least = json!({"event": "CalendarAlarm", "userId": "alice", "uid": "u", "action": "display", "alarmTime": "t"});
    assert!(matches!(event(least.clone()), Ok(Notification::Alarm(_))));
    for key in ["userId", "uid", "action", "alarmTime"] {
        let mut lacking = least.clone();
        lacking.as_object_mut().unwrap().remove(key);
        assert_eq!(event(lacking), Err(Malformed::Missing(key)));
    }
    let mut audio = least;
    audio["action"] = "audio".into();
    assert!(matches!(event(audio), Ok(Notification::Other(other)) if other.fields["uid"] == "u"));
}

#[test]
fn the_other_events_are_read() {
    let Ok(Notification::Device(device)) =
        event(json!({"event": "ApplePushServiceDAV", "user": "alice", "pid": 1, "expiry": 5}))
    else {
        panic!()
    };
    assert!(device.dav && device.account.as_str() == "alice@example.org");
    assert_eq!(Value::from_iter(device.fields), json!({"expiry": 5}));
    let Ok(Notification::Unscheduled(unscheduled)) =
        event(json!({"event": "MessagesUnscheduled", "userId": "bob", "count": 2}))
    else {
        panic!()
    };
    assert_eq!((unscheduled.account.as_str(), unscheduled.count), ("bob@example.org", 2));
    for name in ["Login", "Logout", "PushSubscriptionCreated", "vnd.example.Novel"] {
        let Ok(Notification::Other(other)) = event(json!({"event": name, "user": "alice", "pid": 1})) else {
            panic!()
        };
        assert_eq!((other.class.as_str(), other.name.as_deref()), ("EVENT", Some(name)));
        assert_eq!(Value::from_iter(other.fields), json!({"user": "alice", "pid": 1}));
    }
}

#[test]
fn what_lacks_its_main_part_is_refused() {
    for (class, message, expected) in [
        ("", "x", Malformed::Missing("class")),
        ("EVENT", "", Malformed::NotJson),
        ("EVENT", "[]", Malformed::NotJson),
        ("EVENT", "{}", Malformed::Missing("event")),
        ("EVENT", r#"{"event":7}"#, Malformed::Missing("event")),
        ("EVENT", r#"{"event":"FlagsSet"}"#, Malformed::Missing("uri")),
        ("EVENT", r#"{"event":"FlagsSet","uri":"x"}"#, Malformed::Uri),
        (
            "EVENT",
            r#"{"event":"FlagsSet","uri":"imap://h/user/a%20b"}"#,
            Malformed::NotAnAccount("owner of the mailbox"),
        ),
        ("EVENT", r#"{"event":"ApplePushService"}"#, Malformed::Missing("user")),
        ("EVENT", r#"{"event":"ApplePushService","user":"a b"}"#, Malformed::NotAnAccount("user")),
        ("EVENT", r#"{"event":"MessagesUnscheduled","userId":"a"}"#, Malformed::Missing("count")),
    ] {
        assert_eq!(decode(class, message), Err(expected), "{class} {message}");
    }
    for class in ["SIEVE", "MAIL"] {
        let notice = Notice { class: class.to_owned(), ..Notice::default() };
        assert_eq!(dialect().decode(&notice, None), Err(Malformed::Missing("user")), "{class}");
    }
}

#[test]
fn the_seeds_event_is_read() {
    let change = change(json!({
        "event": "MessageNew", "messages": 1068, "modseq": 1_777_287, "uidnext": 40818,
        "uri": "imap://;UIDVALIDITY=1335827579/;UID=40817", "vnd.cmu.mbtype": "",
        "vnd.cmu.mailboxACL": "\tlrswipkxtecdn\tadmin\tlrswipkxtecdan\tanyone\tp\t",
        "vnd.fastmail.counters": "0 1777287 1777287 1761500 1758760 1416223082",
    }));
    assert_eq!(change.counters.unwrap().calendar, Modseq(1_761_500));
    assert_eq!(change.messages.uid, Some(40817));
    assert!(!change.mailbox.name.is_inbox());
}
