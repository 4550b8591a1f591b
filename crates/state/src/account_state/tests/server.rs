//! A mail server in miniature: what Cyrus would tell of one account.

use std::collections::BTreeMap;

use mailbox_event::{
    Account, Acl, AclEntry, ChangeKind, Counters, Mailbox, MailboxChange, MailboxId, MailboxName,
    MailboxType, MessageFacts, Modseq, Rights, UidValidity, UnixMillis,
};
use proptest::prelude::*;

use crate::{AccountState, Merged, Observation};

pub(super) fn alice() -> Account {
    Account::parse("alice@example.org").unwrap()
}

pub(super) fn unknown() -> AccountState {
    AccountState::new(alice())
}

/// `mail` is also the highest modseq.
pub(super) fn counters(uid_validity: u32, mail: u64) -> Counters {
    let uid_validity = UidValidity(uid_validity);
    Counters { version: 9, highest: Modseq(mail), mail: Modseq(mail), uid_validity, ..Counters::default() }
}

/// A change in the mail folder of this path, private to alice.
pub(super) fn change(kind: ChangeKind, path: &[&str], counters: Option<Counters>) -> MailboxChange {
    let path = path.iter().map(ToString::to_string).collect::<Vec<_>>();
    MailboxChange {
        kind,
        mailbox: Mailbox {
            id: Some(MailboxId(path.join("/"))),
            name: MailboxName { owner: Some(alice()), path },
            holds: MailboxType::Mail,
            uid_validity: None,
        },
        from: None,
        actor: None,
        counters,
        jmap_states: BTreeMap::new(),
        acl: Some(acl(&[("alice", "lrswipkxtecdan")])),
        acl_change: None,
        messages: MessageFacts::default(),
        service: Some("imap".to_owned()),
        timestamp: None,
        server: None,
        session: None,
        client: None,
        extra: BTreeMap::new(),
    }
}

pub(super) fn acl(entries: &[(&str, &str)]) -> Acl {
    let entry = |(identifier, rights): &(&str, &str)| AclEntry {
        identifier: (*identifier).to_owned(),
        negative: false,
        rights: Rights((*rights).to_owned()),
    };
    Acl(entries.iter().map(entry).collect())
}

/// A delivery into the folder of this path: its own modseq, and counters from before it.
pub(super) fn delivery(path: &[&str], uid_validity: u32, before: u64, modseq: u64) -> MailboxChange {
    let mut change = change(ChangeKind::MessageNew, path, Some(counters(uid_validity, before)));
    change.messages.modseq = Some(Modseq(modseq));
    change.service = Some("lmtp".to_owned());
    change
}

pub(super) fn observed(change: &MailboxChange, taken_at: u64) -> Observation {
    Observation::of(change, "alice", UnixMillis(taken_at)).unwrap()
}

pub(super) fn merge(state: &mut AccountState, change: &MailboxChange, taken_at: u64) -> Merged {
    state.merge(&observed(change, taken_at))
}

/// A MailboxModseq of a folder.
pub(super) fn moved(state: &mut AccountState, uid_validity: u32, modseq: u64, taken_at: u64) -> Merged {
    let counters = counters(uid_validity, modseq);
    merge(state, &change(ChangeKind::MailboxModseq, &["Drafts"], Some(counters)), taken_at)
}

/// INBOX is deleted: Cyrus tells with counters from before.
pub(super) fn deleted(state: &mut AccountState, uid_validity: u32, before: u64, taken_at: u64) -> Merged {
    let counters = counters(uid_validity, before);
    merge(state, &change(ChangeKind::MailboxDelete, &[], Some(counters)), taken_at)
}

/// Merges all, and holds each step against what is always true.
pub(super) fn after<'a>(observations: impl IntoIterator<Item = &'a Observation>) -> AccountState {
    let mut state = unknown();
    for observation in observations {
        let before = state.clone();
        let merged = state.merge(observation);
        assert_eq!(merged.is_change(), state != before, "{merged:?}");
        assert!(state.epoch >= before.epoch, "an epoch stepped back");
        if state.epoch == before.epoch {
            assert_eq!(before.vector.changed_since(&state.vector).count(), 0, "a number stepped back");
        }
    }
    state
}

/// What one life tells from the creation of INBOX (of this UIDVALIDITY) on: the counters rise, messages come with counters from before
/// them, and some notifications are late.
pub(super) fn life(
    inbox: u32,
    first_uid_validity: u32,
    taken_from: u64,
) -> impl Strategy<Value = Vec<Observation>> {
    let step = (0..3u32, 1..4u64, 0..4u8, 0..3u64);
    prop::collection::vec(step, 1..20).prop_map(move |steps| {
        let (mut uid_validity, mut modseq) = (first_uid_validity, 1);
        let mut told = vec![change(ChangeKind::MailboxCreate, &[], Some(counters(uid_validity, modseq)))];
        for (folders, changes, what, lag) in steps {
            let (uid_validity_before, modseq_before) = (uid_validity, modseq);
            (uid_validity, modseq) = (uid_validity + folders, modseq + changes);
            let at = Some(counters(uid_validity, modseq));
            told.push(match what {
                0 => change(ChangeKind::MailboxModseq, &["Drafts"], at),
                1 => change(ChangeKind::MailboxCreate, &["Projects"], at),
                2 => delivery(&[], uid_validity_before, modseq_before, modseq),
                _ if lag < changes => acl_change(uid_validity, modseq - lag),
                _ => acl_change(uid_validity_before, modseq_before),
            });
        }
        told.push(change(ChangeKind::MailboxModseq, &["Drafts"], Some(counters(uid_validity, modseq))));
        let with_inbox = told.into_iter().map(|mut change| {
            change.mailbox.uid_validity = change.mailbox.name.is_inbox().then_some(UidValidity(inbox));
            change
        });
        (taken_from..).zip(with_inbox).map(|(taken_at, change)| observed(&change, taken_at)).collect()
    })
}

/// Team is shared with bob, or no longer, by what the modseq says.
fn acl_change(uid_validity: u32, modseq: u64) -> MailboxChange {
    let mut change = change(ChangeKind::AclChange, &["Team"], Some(counters(uid_validity, modseq)));
    let rights = ["", "lrs", "l"][(modseq % 3) as usize];
    change.acl = Some(acl(&[("alice", "lrs"), ("bob", rights)]));
    change
}
