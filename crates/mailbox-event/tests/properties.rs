//! Whatever is written is read again, in both forms.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test by panicking")]

use std::collections::BTreeMap;

use mailbox_event::{
    Account, Acl, AclEntry, Address, ChangeKind, Counters, Envelope, Event, EventId, Mailbox, MailboxChange,
    MailboxId, MailboxName, MailboxType, MessageFacts, Modseq, Notification, OtherNotification, RelayId,
    Rights, SieveNotification, UidValidity, UnixMillis,
    codec::{self, Form},
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::Value;

fn text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..12).prop_map(String::from_iter)
}

fn account() -> impl Strategy<Value = Account> {
    "[A-Za-z0-9é.@]{1,20}@[a-z0-9.-]{1,20}".prop_map(|text| Account::parse(&text).unwrap())
}

/// Whole numbers only: JSON texts of fractions need not come back bit by bit.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn fields() -> impl Strategy<Value = BTreeMap<String, Value>> {
    vec((text(), value()), 0..4).prop_map(BTreeMap::from_iter)
}

fn holds() -> impl Strategy<Value = MailboxType> {
    let known = vec![MailboxType::Mail, MailboxType::Calendar, MailboxType::AddressBook, MailboxType::Sieve];
    prop_oneof![select(known), any::<char>().prop_map(MailboxType::Other)]
}

prop_compose! {
    fn mailbox()(
        id in option::of(text().prop_map(MailboxId)),
        owner in option::of(account()),
        path in vec(text(), 0..4),
        holds in holds(),
        uid_validity in option::of(any::<u32>().prop_map(UidValidity)),
    ) -> Mailbox {
        Mailbox { id, name: MailboxName { owner, path }, holds, uid_validity }
    }
}

prop_compose! {
    fn counters()(
        numbers in any::<[u64; 4]>(),
        folders in option::of(any::<[u64; 4]>()),
        (notes, version, uid_validity) in (option::of(any::<u64>()), any::<u32>(), any::<u32>()),
    ) -> Counters {
        let [highest, mail, calendar, contacts] = numbers.map(Modseq);
        let (notes, folders) = (notes.map(Modseq), folders.map(|folders| folders.map(Modseq)));
        let uid_validity = UidValidity(uid_validity);
        let rest = Counters { quota: notes, ..Counters::default() };
        Counters { version, highest, mail, calendar, contacts, notes, folders, uid_validity, ..rest }
    }
}

prop_compose! {
    fn facts()(
        uid in option::of(any::<u32>()),
        size in option::of(any::<u64>()),
        flags in vec(text(), 0..3),
        subject in option::of(text()),
        name in option::of(text()),
        is_new in any::<bool>(),
    ) -> MessageFacts {
        let from = vec![Address { name: name.clone(), mailbox: None, host: name }];
        let envelope = is_new.then(|| Envelope { subject, from, ..Envelope::default() });
        MessageFacts { uid, size, flags, envelope, ..MessageFacts::default() }
    }
}

fn acl() -> impl Strategy<Value = Acl> {
    let entry = (text(), any::<bool>(), text());
    vec(
        entry.prop_map(|(identifier, negative, rights)| AclEntry {
            identifier,
            negative,
            rights: Rights(rights),
        }),
        0..4,
    )
    .prop_map(Acl)
}

prop_compose! {
    fn change()(
        kind in select(vec![ChangeKind::MessageNew, ChangeKind::MailboxRename, ChangeKind::AclChange]),
        (mailbox, from) in (mailbox(), option::of(mailbox())),
        actor in option::of(account()),
        counters in option::of(counters()),
        states in vec((text(), any::<u64>().prop_map(Modseq)), 0..3),
        acl in option::of(acl()),
        acl_change in option::of((text(), option::of(text().prop_map(Rights)))),
        messages in facts(),
        service in option::of(text()),
        extra in fields(),
    ) -> MailboxChange {
        MailboxChange {
            kind, mailbox, from, actor, counters, jmap_states: BTreeMap::from_iter(states), acl, acl_change, messages,
            timestamp: service.clone(), server: None, session: service.clone(), client: None, service, extra,
        }
    }
}

prop_compose! {
    fn sieve()(
        account in account(),
        (method, priority, text) in (text(), text(), text()),
        options in vec(text(), 0..3),
        message in option::of(vec(any::<u8>(), 0..300)),
    ) -> SieveNotification {
        SieveNotification { account, method, priority, options, text, message }
    }
}

fn notification() -> impl Strategy<Value = Notification> {
    let other = (text(), option::of(text()), fields());
    prop_oneof![
        change().prop_map(|change| Notification::Mailbox(Box::new(change))),
        sieve().prop_map(|sieve| Notification::Sieve(Box::new(sieve))),
        other.prop_map(|(class, name, fields)| Notification::Other(OtherNotification {
            class,
            name,
            fields
        })),
    ]
}

proptest! {
    #[test]
    fn events_survive_the_codec(
        notification in notification(),
        (relay, sequence, millis) in any::<(u64, u64, u64)>(),
        form in select(vec![Form::MessagePack, Form::Json]),
    ) {
        let id = EventId { relay: RelayId(relay), sequence };
        let event = Event { id, taken_at: UnixMillis(millis), notification };
        let octets = codec::encode(&event, form).unwrap();
        prop_assert_eq!(codec::decode::<Event>(&octets).unwrap(), event);
    }

    #[test]
    fn any_octets_are_read_or_refused(octets in vec(any::<u8>(), 0..300), version in any::<bool>()) {
        let octets = if version { [&[codec::VERSION], octets.as_slice()].concat() } else { octets };
        codec::decode::<Event>(&octets).ok();
    }

    #[test]
    fn accounts_are_the_same_after_being_said(account in account()) {
        prop_assert_eq!(Account::parse(account.as_str()), Ok(account.clone()));
    }
}
