//! A mail server in miniature: what Cyrus would tell of one account.

use std::collections::BTreeMap;

use mailbox_event::{
    Account, Acl, AclEntry, ChangeKind, Counters, Mailbox, MailboxChange, MailboxId, MailboxName,
    MailboxType, MessageFacts, Modseq, Rights, UidValidity, UnixMillis,
};
use proptest::prelude::*;

use crate::{AccountState, DataType, Merged, Observation};

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
pub(super) fn delivery(path: &[&str], before: Counters, modseq: u64) -> MailboxChange {
    let mut change = change(ChangeKind::MessageNew, path, Some(before));
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

/// Anything that could be told, true or not: of any life, with and without counters, and by a client's question.
pub(super) fn anything() -> impl Strategy<Value = Observation> {
    let state = (prop::sample::select(DataType::ALL.to_vec()), (0..20_u64).prop_map(Modseq));
    let answer = prop::collection::vec(state, 0..3);
    prop_oneof![
        9 => any_notification(),
        1 => answer.prop_map(|states| Observation::of_upstream(alice(), states)),
    ]
}

fn any_notification() -> impl Strategy<Value = Observation> {
    let kinds = [
        ChangeKind::MailboxModseq,
        ChangeKind::MessageNew,
        ChangeKind::AclChange,
        ChangeKind::MailboxDelete,
        ChangeKind::QuotaChange,
    ];
    let numbers = prop::option::weighted(0.8, (100..104_u32, 1..20_u64, 0..20_u64));
    let folder = prop::sample::select(vec![&[][..], &["Team"], &["Plans"]]);
    let inbox = prop::option::of((1..4_u32).prop_map(UidValidity));
    let rights = prop::sample::select(vec!["", "lrs", "lrswi"]);
    (prop::sample::select(kinds.to_vec()), folder, numbers, (inbox, rights), 1..20_u64).prop_map(
        |(kind, folder, numbers, (inbox, rights), taken_at)| {
            let numbers = numbers.map(|(uid_validity, mail, calendar)| Counters {
                calendar: Modseq(calendar),
                highest: Modseq(mail.max(calendar)),
                ..counters(uid_validity, mail)
            });
            let mut change = change(kind, folder, numbers);
            change.mailbox.uid_validity = inbox;
            change.acl = Some(acl(&[("alice", "lrs"), ("bob", rights)]));
            change.service = Some("lmtp".to_owned());
            observed(&change, taken_at)
        },
    )
}

/// A change of something else than mail: it moves the counter of calendars, or a state that only `jmapStates` tells.
fn beside_mail(what: u8, uid_validity: u32, modseq: u64, mail: u64) -> MailboxChange {
    let at = Counters { highest: Modseq(modseq), ..counters(uid_validity, mail) };
    match what {
        4 => {
            let at = Counters { calendar: Modseq(modseq), ..at };
            let mut put = change(ChangeKind::MessageAppend, &["#calendars", "Default"], Some(at));
            put.mailbox.holds = MailboxType::Calendar;
            put.messages.modseq = Some(Modseq(modseq));
            put
        }
        5 => {
            change(ChangeKind::QuotaChange, &["Drafts"], Some(Counters { quota: Some(Modseq(modseq)), ..at }))
        }
        _ => {
            let mut uploaded = change(ChangeKind::MailboxModseq, &["#sieve"], Some(at));
            uploaded.mailbox.holds = MailboxType::Sieve;
            uploaded.jmap_states = [("SieveScript".to_owned(), Modseq(modseq))].into();
            uploaded
        }
    }
}

/// What one life tells from the creation of INBOX (of this UIDVALIDITY) on: the counters rise, messages come with
/// counters from before them, and some notifications are late.
pub(super) fn life(
    inbox: u32,
    first_uid_validity: u32,
    taken_from: u64,
) -> impl Strategy<Value = Vec<Observation>> {
    let step = (0..3u32, 1..4u64, 0..9u8, 0..3u64);
    prop::collection::vec(step, 1..20).prop_map(move |steps| {
        let (mut uid_validity, mut modseq, mut mail, mut team) = (first_uid_validity, 1, 1, 0);
        let mut told = vec![change(ChangeKind::MailboxCreate, &[], Some(counters(uid_validity, modseq)))];
        for (folders, changes, what, lag) in steps {
            let (uid_validity_before, modseq_before, mail_before) = (uid_validity, modseq, mail);
            (uid_validity, modseq) = (uid_validity + folders, modseq + changes);
            mail = if (4..7).contains(&what) { mail } else { modseq };
            let at = Some(counters(uid_validity, modseq));
            let before =
                Counters { highest: Modseq(modseq_before), ..counters(uid_validity_before, mail_before) };
            told.push(match what {
                0 => change(ChangeKind::MailboxModseq, &["Drafts"], at),
                1 => change(ChangeKind::MailboxCreate, &["Projects"], at),
                2 => delivery(&[], before, modseq),
                3 => delivery(&["Junk"], before, modseq),
                4..7 => beside_mail(what, uid_validity, modseq, mail),
                7 => MailboxChange { acl: Some(team_acl(team)), ..delivery(&["Team"], before, modseq) },
                _ => {
                    let is_late = lag >= changes;
                    team = if is_late { modseq_before } else { modseq - lag };
                    acl_change(if is_late { uid_validity_before } else { uid_validity }, team)
                }
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

/// Team is shared with bob, or no longer, by what the modseq of its last change says.
fn acl_change(uid_validity: u32, modseq: u64) -> MailboxChange {
    let change = change(ChangeKind::AclChange, &["Team"], Some(counters(uid_validity, modseq)));
    MailboxChange { acl: Some(team_acl(modseq)), ..change }
}

fn team_acl(modseq: u64) -> Acl {
    acl(&[("alice", "lrs"), ("bob", ["", "lrs", "l"][(modseq % 3) as usize])])
}
