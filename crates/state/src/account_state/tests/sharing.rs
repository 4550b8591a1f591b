//! What sharees are judged by.

use mailbox_event::{ChangeKind, MailboxChange, MailboxType, Modseq};

use super::server::*;
use crate::{Counter, MOST_SHARED, Merged, SharedMailbox};

fn shared(kind: ChangeKind, folder: &str, modseq: u64) -> MailboxChange {
    let mut change = change(kind, &[folder], Some(counters(100, modseq)));
    change.acl = Some(acl(&[("alice", "lrswipkxtecdan"), ("bob", "lrs")]));
    change
}

fn private(kind: ChangeKind, folder: &str, modseq: u64) -> MailboxChange {
    change(kind, &[folder], Some(counters(100, modseq)))
}

fn entry<'a>(state: &'a crate::AccountState, folder: &str) -> Option<&'a SharedMailbox> {
    state.shared.iter().find(|(id, _)| id.0 == folder).map(|(_, entry)| entry)
}

fn team(state: &crate::AccountState) -> Option<&SharedMailbox> {
    entry(state, "Team")
}

#[test]
fn private_changes_move_the_owner_and_not_the_shared_mailbox() {
    let mut state = unknown();
    assert_eq!(merge(&mut state, &shared(ChangeKind::MailboxModseq, "Team", 34), 1), Merged::Advanced);
    assert_eq!(moved(&mut state, 100, 60, 2), Merged::Advanced);
    assert_eq!(team(&state).unwrap().vector.get(Counter::Mail), Some(Modseq(34)));
    assert_eq!(merge(&mut state, &shared(ChangeKind::MailboxModseq, "Team", 61), 3), Merged::Advanced);
    assert_eq!(team(&state).unwrap().vector.get(Counter::Mail), Some(Modseq(61)));
}

#[test]
fn a_sharee_of_a_mail_folder_learns_nothing_of_calendars() {
    let mut change = shared(ChangeKind::MailboxModseq, "Team", 34);
    change.counters.as_mut().unwrap().calendar = Modseq(30);
    let state = after([&observed(&change, 1)]);
    assert_eq!(team(&state).unwrap().vector.known().collect::<Vec<_>>(), [(Counter::Mail, Modseq(34))]);
    assert_eq!(state.vector.get(Counter::Calendar), Some(Modseq(30)));
}

#[test]
fn a_delivery_into_a_shared_folder_is_one_for_the_sharee_too() {
    let mut change = delivery(&["Team"], counters(100, 1), 4);
    change.acl = Some(acl(&[("anyone", "lrp")]));
    let state = after([&observed(&change, 1)]);
    assert_eq!(team(&state).unwrap().vector.get(Counter::Delivery), Some(Modseq(4)));
}

#[test]
fn a_right_that_shows_nothing_shares_nothing() {
    let mut change = private(ChangeKind::MailboxModseq, "Default", 34);
    change.mailbox.holds = MailboxType::Calendar;
    change.acl = Some(acl(&[("alice", "lrswipkxtecdan9"), ("anyone", "9")]));
    assert_eq!(after([&observed(&change, 1)]).shared.iter().count(), 0);
}

#[test]
fn an_entry_goes_with_the_last_right_and_does_not_come_back_late() {
    let mut state = unknown();
    assert_eq!(merge(&mut state, &shared(ChangeKind::AclChange, "Team", 34), 1), Merged::Advanced);
    assert_eq!(merge(&mut state, &private(ChangeKind::MailboxModseq, "Team", 35), 2), Merged::Advanced);
    assert!(team(&state).is_none());
    assert!(!merge(&mut state, &shared(ChangeKind::MessageAppend, "Team", 34), 3).is_change());
    assert!(team(&state).is_none());
    assert_eq!(merge(&mut state, &shared(ChangeKind::AclChange, "Team", 36), 4), Merged::Advanced);
    assert!(team(&state).is_some());
}

#[test]
fn a_right_that_was_taken_away_is_away_even_if_it_is_heard_of_first() {
    let taken_away = observed(&private(ChangeKind::AclChange, "Team", 35), 2);
    let given = observed(&shared(ChangeKind::AclChange, "Team", 34), 1);
    assert!(team(&after([&taken_away, &given])).is_none());
}

#[test]
fn a_deleted_mailbox_goes_though_its_deletion_tells_older_counters() {
    let mut state = unknown();
    assert_eq!(merge(&mut state, &shared(ChangeKind::MailboxModseq, "Team", 43), 1), Merged::Advanced);
    assert_eq!(merge(&mut state, &shared(ChangeKind::MailboxDelete, "Team", 42), 2), Merged::Advanced);
    assert!(team(&state).is_none());
    assert!(!merge(&mut state, &shared(ChangeKind::MailboxModseq, "Team", 43), 3).is_change());
    assert!(team(&state).is_none());
}

#[test]
fn a_recreated_account_shares_nothing_of_its_older_life() {
    let mut state = after([&observed(&shared(ChangeKind::AclChange, "Team", 34), 1)]);
    assert_eq!(moved(&mut state, 200, 1, 2), Merged::NewEpoch);
    assert!(team(&state).is_none());
}

#[test]
fn without_counters_a_shared_mailbox_moves_with_its_own_changes() {
    let mut change = shared(ChangeKind::MessageAppend, "Team", 0);
    change.counters = None;
    let mut state = after([&observed(&change, 5_000)]);
    assert_eq!(team(&state).unwrap().vector.get(Counter::Mail), Some(Modseq(5_000)));
    assert_eq!(moved(&mut state, 100, 7, 6_000), Merged::NewEpoch);
    let entry = team(&state).unwrap();
    assert!(entry.vector.is_unknown(), "numbers of ours are no modseqs");
}

#[test]
fn beyond_the_bound_the_mailbox_that_changed_longest_ago_is_dropped() {
    let mut state = unknown();
    for number in 1..=MOST_SHARED as u64 + 2 {
        let folder = format!("Team {number}");
        assert!(merge(&mut state, &shared(ChangeKind::AclChange, &folder, number), number).is_change());
    }
    assert_eq!(state.shared.iter().count(), MOST_SHARED);
    assert!(entry(&state, "Team 2").is_none());
    assert!(entry(&state, "Team 3").is_some());
}

#[test]
fn what_is_no_longer_shared_is_dropped_first() {
    let mut state = unknown();
    for number in 1..=MOST_SHARED as u64 {
        let folder = format!("Team {number}");
        assert!(merge(&mut state, &shared(ChangeKind::AclChange, &folder, number), number).is_change());
    }
    assert!(merge(&mut state, &private(ChangeKind::AclChange, "Team 9", 9_000), 9_000).is_change());
    assert!(merge(&mut state, &shared(ChangeKind::AclChange, "Team", 9_001), 9_001).is_change());
    assert_eq!(state.shared.iter().count(), MOST_SHARED);
    assert!(entry(&state, "Team 1").is_some());
}
