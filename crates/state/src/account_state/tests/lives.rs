//! An account that is deleted and created again.

use mailbox_event::{ChangeKind, MailboxChange, Modseq, UidValidity};
use proptest::{prelude::*, sample::Index};

use super::server::*;
use crate::{Counter, Epoch, Merged, Observation};

#[test]
fn a_recreated_account_starts_an_epoch() {
    let mut state = unknown();
    assert_eq!(moved(&mut state, 100, 50, 1), Merged::Advanced);
    assert_eq!(moved(&mut state, 200, 1, 2), Merged::NewEpoch);
    assert_eq!(state.epoch, Epoch(200));
    assert_eq!(state.vector.get(Counter::Mail), Some(Modseq(1)));
}

#[test]
fn a_folder_created_beside_a_delivery_is_no_new_life() {
    let mut state = after([&observed(&delivery(&[], counters(100, 9), 11), 1)]);
    let created = change(ChangeKind::MailboxCreate, &["Projects"], Some(counters(101, 10)));
    assert_eq!(merge(&mut state, &created, 2), Merged::Noted);
    assert_eq!(state.epoch, Epoch(100));
}

#[test]
fn a_late_notification_of_the_older_life_is_ignored_however_far_the_present_one_is() {
    let mut state = unknown();
    assert_eq!(moved(&mut state, 100, 50, 1), Merged::Advanced);
    assert_eq!(moved(&mut state, 200, 1, 2), Merged::NewEpoch);
    assert_eq!(moved(&mut state, 100, 51, 3), Merged::OlderLife);
    assert_eq!(moved(&mut state, 200, 70, 4), Merged::Advanced);
    assert_eq!(moved(&mut state, 100, 60, 5), Merged::OlderLife);
    assert_eq!(state.vector.get(Counter::Mail), Some(Modseq(70)));
}

#[test]
fn an_older_life_that_was_first_heard_of_late_is_ignored() {
    let mut state = unknown();
    assert_eq!(moved(&mut state, 200, 3, 5), Merged::Advanced);
    assert_eq!(moved(&mut state, 100, 50, 6), Merged::OlderLife);
}

#[test]
fn a_deletion_makes_the_next_lower_counters_a_life_within_the_same_second() {
    let mut state = unknown();
    assert_eq!(moved(&mut state, 100, 50, 1), Merged::Advanced);
    assert_eq!(deleted(&mut state, 100, 49, 2), Merged::Noted);
    let created = change(ChangeKind::MailboxCreate, &[], Some(counters(100, 1)));
    assert_eq!(merge(&mut state, &created, 3), Merged::NewEpoch);
    assert_eq!(state.epoch, Epoch(101), "an epoch is never used again");
    assert_eq!(state.vector.get(Counter::Mail), Some(Modseq(1)));
}

#[test]
fn a_replay_of_the_older_life_and_its_deletion_moves_nothing() {
    let mut state = unknown();
    assert_eq!(moved(&mut state, 100, 50, 1), Merged::Advanced);
    assert_eq!(deleted(&mut state, 100, 49, 2), Merged::Noted);
    assert_eq!(moved(&mut state, 100, 1, 3), Merged::NewEpoch);
    assert_eq!(moved(&mut state, 100, 60, 4), Merged::Advanced);
    let present = state.clone();
    assert_eq!(moved(&mut state, 100, 50, 1), Merged::OlderLife);
    assert_eq!(deleted(&mut state, 100, 49, 2), Merged::OlderLife);
    assert_eq!(moved(&mut state, 100, 1, 3), Merged::Unchanged);
    assert_eq!(state, present);
}

#[test]
fn a_deletion_without_counters_is_noted_too() {
    let mut state = unknown();
    let deletion = change(ChangeKind::MailboxDelete, &[], None);
    assert_eq!(moved(&mut state, 100, 50, 1), Merged::Advanced);
    assert_eq!(merge(&mut state, &deletion, 2), Merged::Noted);
    assert_eq!(moved(&mut state, 100, 1, 3), Merged::NewEpoch);
    assert_eq!(merge(&mut state, &deletion, 2), Merged::OlderLife);
}

#[test]
fn a_deletion_without_counters_is_told_from_an_older_one_by_its_inbox() {
    let mut state = unknown();
    let mut deletion = of_inbox(ChangeKind::MailboxDelete, 90, 0, 0);
    deletion.counters = None;
    assert!(merge(&mut state, &of_inbox(ChangeKind::MailboxModseq, 90, 100, 50), 1).is_change());
    assert_eq!(merge(&mut state, &of_inbox(ChangeKind::MailboxCreate, 200, 200, 1), 3), Merged::NewEpoch);
    assert_eq!(merge(&mut state, &deletion, 4), Merged::OlderLife);
}

#[test]
fn what_follows_a_deletion_with_higher_counters_is_still_the_old_life() {
    let mut state = unknown();
    assert_eq!(moved(&mut state, 100, 50, 1), Merged::Advanced);
    assert_eq!(deleted(&mut state, 100, 49, 2), Merged::Noted);
    assert_eq!(moved(&mut state, 100, 52, 3), Merged::Advanced);
    assert_eq!(moved(&mut state, 100, 2, 4), Merged::NewEpoch);
}

#[test]
fn a_life_that_counted_beyond_the_one_before_it_is_seen_if_the_deletion_was() {
    let mut state = unknown();
    assert_eq!(moved(&mut state, 100, 50, 1), Merged::Advanced);
    assert_eq!(deleted(&mut state, 100, 49, 2), Merged::Noted);
    assert_eq!(moved(&mut state, 200, 80, 3), Merged::NewEpoch);
    assert_eq!(moved(&mut state, 150, 60, 4), Merged::Unchanged, "above where the older life ended");
    assert_eq!(moved(&mut state, 100, 50, 1), Merged::OlderLife);
}

#[test]
fn the_deletion_of_another_folder_ends_no_life() {
    let mut state = unknown();
    assert_eq!(moved(&mut state, 100, 50, 1), Merged::Advanced);
    let folder = change(ChangeKind::MailboxDelete, &["Drafts"], Some(counters(100, 50)));
    assert_eq!(merge(&mut state, &folder, 2), Merged::Unchanged);
    assert_eq!(moved(&mut state, 100, 49, 3), Merged::Unchanged);
}

/// A notification about INBOX.
fn of_inbox(kind: ChangeKind, inbox: u32, uid_validity: u32, modseq: u64) -> MailboxChange {
    let mut change = change(kind, &[], Some(counters(uid_validity, modseq)));
    change.mailbox.uid_validity = Some(UidValidity(inbox));
    change
}

/// As told by a real Cyrus 3.6.1: deleted and created again within seconds, after it had made many folders.
#[test]
fn an_account_whose_uidvalidity_went_down_is_known_by_its_inbox() {
    let mut state = unknown();
    let life = [
        of_inbox(ChangeKind::MailboxModseq, 553, 563, 43),
        of_inbox(ChangeKind::MailboxDelete, 553, 563, 42),
        change(ChangeKind::MailboxModseq, &["Work"], Some(counters(563, 63))),
    ];
    for (taken_at, change) in (1..).zip(&life) {
        assert!(merge(&mut state, change, taken_at).is_change());
    }
    let created = of_inbox(ChangeKind::MailboxCreate, 554, 554, 1);
    assert_eq!(merge(&mut state, &created, 4), Merged::NewEpoch);
    assert_eq!(state.vector.get(Counter::Mail), Some(Modseq(1)));
    assert_eq!(state.epoch, Epoch(564));
    for modseq in [2, 100] {
        assert_eq!(moved(&mut state, 554, modseq, 5), Merged::Advanced);
        for (taken_at, change) in (1..).zip(&life) {
            assert_eq!(merge(&mut state, change, taken_at), Merged::OlderLife);
        }
    }
}

#[test]
fn a_life_is_known_by_its_inbox_though_its_creation_and_the_deletion_were_lost() {
    let mut state = unknown();
    let before = of_inbox(ChangeKind::MailboxModseq, 553, 563, 43);
    assert_eq!(merge(&mut state, &before, 1), Merged::Advanced);
    let delivered = of_inbox(ChangeKind::MailboxModseq, 554, 554, 7);
    assert_eq!(merge(&mut state, &delivered, 2), Merged::NewEpoch);
    assert_eq!(merge(&mut state, &before, 3), Merged::OlderLife);
}

#[test]
fn a_life_that_another_folder_told_of_first_still_knows_the_older_inbox() {
    let mut state = unknown();
    let before = of_inbox(ChangeKind::MailboxModseq, 553, 563, 43);
    assert_eq!(merge(&mut state, &before, 1), Merged::Advanced);
    assert_eq!(moved(&mut state, 570, 3, 2), Merged::NewEpoch);
    assert_eq!(merge(&mut state, &before, 3), Merged::OlderLife);
    let inbox = of_inbox(ChangeKind::MailboxModseq, 569, 570, 4);
    assert_eq!(merge(&mut state, &inbox, 4), Merged::Advanced);
}

#[test]
fn a_life_below_the_uidvalidity_of_a_life_long_gone_is_heard() {
    let mut state = unknown();
    for (taken_at, (inbox, uid_validity)) in (1..).zip([(1, 1_000), (2, 1_005), (3, 1_000)]) {
        let created = of_inbox(ChangeKind::MailboxCreate, inbox, uid_validity, 1);
        assert!(merge(&mut state, &created, taken_at).is_change());
        assert_eq!(moved(&mut state, uid_validity, 2, taken_at), Merged::Advanced);
    }
}

/// Lives, one after the other, and what follows the end of each. The uidvalidity among the counters may be anything:
/// up, equal or down. The deletion may be lost, and may come without counters.
pub(super) fn lives() -> impl Strategy<Value = Vec<(Vec<Observation>, Vec<Observation>)>> {
    prop::collection::vec((0..3u8, 1_000..1_060u32), 1..5).prop_flat_map(|starts| {
        let numbered = (1_u32..).zip(starts);
        numbered
            .map(|(number, (end, uid_validity))| {
                let taken_from = u64::from(number) * 1_000;
                (life(number, uid_validity, taken_from), Just(end_of_life(number, end, taken_from + 900)))
            })
            .collect::<Vec<_>>()
    })
}

/// The deletion of INBOX, and of another folder after it.
fn end_of_life(inbox: u32, end: u8, taken_at: u64) -> Vec<Observation> {
    let mut deletion = of_inbox(ChangeKind::MailboxDelete, inbox, 1_100, 100);
    deletion.counters = deletion.counters.filter(|_| end == 1);
    let folder = change(ChangeKind::MailboxModseq, &["Drafts"], Some(counters(1_101, 101)));
    if end == 2 { Vec::new() } else { vec![observed(&deletion, taken_at), observed(&folder, taken_at + 1)] }
}

proptest! {
    #[test]
    fn the_last_life_holds_whatever_is_replayed(
        lives in lives(),
        replays in prop::collection::vec(any::<Index>(), 0..20),
    ) {
        let mut script = Vec::new();
        let mut last = &lives[0].0;
        for (index, (life, end)) in lives.iter().enumerate() {
            let end = if index + 1 < lives.len() { &end[..] } else { &[] };
            for observation in life.iter().chain(end) {
                script.push(observation.clone());
                let told = script.clone();
                script.extend(replays.iter().take(3).map(|replay| replay.get(&told).clone()));
            }
            let told = script.clone();
            script.extend(replays.iter().map(|replay| replay.get(&told).clone()));
            last = life;
        }
        prop_assert_eq!(after(&script).vector, after(last).vector);
    }
}
