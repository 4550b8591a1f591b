//! One life: what the notifications tell of the numbers.

use mailbox_event::{
    Account, ChangeKind, MailboxType, Modseq, UnixMillis,
    codec::{Form, decode, encode},
};
use proptest::prelude::*;

use super::server::*;
use crate::{AccountState, Basis, Counter, DataType, Epoch, Merged, Observation};

#[test]
fn the_first_counters_begin_an_epoch_named_by_their_uidvalidity() {
    let mut state = unknown();
    assert_eq!(moved(&mut state, 1_795_313_543, 4, 1), Merged::Advanced);
    assert_eq!((state.epoch, state.basis), (Epoch(1_795_313_543), Basis::Counters));
    assert_eq!(state.vector.get(Counter::Mail), Some(Modseq(4)));
    assert_eq!(state.modseq(Counter::Calendar), Some(Modseq(0)), "nothing was ever put there");
    assert_eq!(state.modseq(Counter::Sieve), None);
    assert_eq!(unknown().modseq(Counter::Mail), None);
}

#[test]
fn a_message_with_counters_from_before_it_moves_nothing_back() {
    let mut state = unknown();
    assert_eq!(moved(&mut state, 100, 4, 1), Merged::Advanced);
    assert_eq!(merge(&mut state, &delivery(&[], counters(100, 1), 4), 2), Merged::Advanced);
    assert_eq!(state.vector.get(Counter::Mail), Some(Modseq(4)));
    assert_eq!(state.vector.get(Counter::Delivery), Some(Modseq(4)));
    assert_eq!(merge(&mut state, &delivery(&[], counters(100, 1), 4), 3), Merged::Unchanged);
}

#[test]
fn a_message_alone_tells_its_own_modseq() {
    let state = after([&observed(&delivery(&[], counters(100, 1), 4), 1)]);
    assert_eq!(state.vector.get(Counter::Mail), Some(Modseq(4)));
    assert_eq!(state.life.highest, Modseq(1), "a life is judged by counters alone");
}

#[test]
fn an_expiry_tells_an_old_modseq_that_is_not_its_own() {
    let mut expiry = change(ChangeKind::MessageExpire, &[], Some(counters(100, 3)));
    expiry.messages.modseq = Some(Modseq(9));
    assert_eq!(after([&observed(&expiry, 1)]).vector.get(Counter::Mail), Some(Modseq(3)));
}

#[test]
fn only_mail_that_lmtp_put_outside_the_spam_folder_is_a_delivery() {
    let delivered = delivery(&["Projects"], counters(100, 1), 4);
    let mut by_imap = delivered.clone();
    by_imap.service = Some("imap".to_owned());
    let mut into_calendar = delivered.clone();
    into_calendar.mailbox.holds = MailboxType::Calendar;
    let mut flagged = delivered.clone();
    flagged.kind = ChangeKind::FlagsSet;
    let spam = delivery(&["spam"], counters(100, 1), 4);
    let junk = delivery(&["Old", "Junk"], counters(100, 1), 4);
    let below_junk = delivery(&["Junk", "Kept"], counters(100, 1), 4);
    for (change, is_delivery) in [
        (delivered, true),
        (below_junk, true),
        (by_imap, false),
        (into_calendar, false),
        (flagged, false),
        (spam, false),
        (junk, false),
    ] {
        let state = after([&observed(&change, 1)]);
        assert_eq!(state.vector.get(Counter::Delivery).is_some(), is_delivery, "{change:?}");
    }
}

#[test]
fn a_calendar_object_moves_the_calendar_by_its_own_modseq() {
    let mut put = delivery(&["#calendars", "Default"], counters(100, 49), 60);
    put.mailbox.holds = MailboxType::Calendar;
    let state = after([&observed(&put, 1)]);
    assert_eq!(state.vector.get(Counter::Calendar), Some(Modseq(60)));
    assert_eq!(state.vector.get(Counter::Mail), Some(Modseq(49)));
}

#[test]
fn states_that_are_modseqs_of_folders_are_not_believed() {
    let mut change = change(ChangeKind::MailboxModseq, &["Drafts"], Some(counters(100, 7)));
    let states =
        [("Mailbox", 90), ("Calendar", 91), ("EmailSubmission", 5), ("SieveScript", 6), ("Quota", 0)];
    change.jmap_states = states.into_iter().map(|(key, modseq)| (key.to_owned(), Modseq(modseq))).collect();
    let known = after([&observed(&change, 1)]).vector.known().collect::<Vec<_>>();
    let expected = [(Counter::Mail, 7), (Counter::Submission, 5), (Counter::Sieve, 6)];
    assert_eq!(known, expected.map(|(counter, modseq)| (counter, Modseq(modseq))));
}

#[test]
fn a_mailbox_without_an_owner_tells_of_nobody() {
    let mut change = change(ChangeKind::MailboxModseq, &["Announcements"], Some(counters(100, 7)));
    change.mailbox.name.owner = None;
    assert_eq!(Observation::of(&change, "", UnixMillis(1)), None);
}

#[test]
fn without_counters_numbers_of_ours_rise_with_time() {
    let mut state = unknown();
    let change = change(ChangeKind::FlagsSet, &["Drafts"], None);
    assert_eq!(merge(&mut state, &change, 5_000), Merged::Advanced);
    assert_eq!(state.basis, Basis::ChangeNumbers);
    assert_eq!(state.vector, [(Counter::Mail, Modseq(5_000))].into_iter().collect());
    assert_eq!(merge(&mut state, &change, 5_000), Merged::Advanced);
    assert_eq!(state.vector.get(Counter::Mail), Some(Modseq(5_001)), "two changes in one millisecond");
    assert_eq!(merge(&mut state, &change, 4_000), Merged::Advanced);
    assert_eq!(state.vector.get(Counter::Mail), Some(Modseq(5_002)), "the clock went back");
    assert_eq!(state.epoch, Epoch(1));
}

#[test]
fn without_counters_a_quota_moves_the_quota_alone() {
    let state = after([&observed(&change(ChangeKind::QuotaExceed, &[], None), 5)]);
    assert_eq!(state.vector, [(Counter::Quota, Modseq(5))].into_iter().collect());
}

#[test]
fn real_counters_replace_numbers_of_ours_in_an_epoch_of_their_own() {
    let uncounted = change(ChangeKind::FlagsSet, &["Drafts"], None);
    let mut state = after([&observed(&uncounted, 1_795_313_543_000)]);
    let before = state.epoch;
    assert_eq!(moved(&mut state, 100, 7, 2), Merged::NewEpoch);
    assert!(state.epoch > before);
    assert_eq!(state.vector.get(Counter::Mail), Some(Modseq(7)));
    assert_eq!(
        merge(&mut state, &uncounted, 1_795_313_544_000),
        Merged::Unchanged,
        "the server has counters"
    );
}

#[test]
fn what_the_server_answers_a_client_is_known_until_notifications_come() {
    let mut state = unknown();
    let answer =
        Observation::of_upstream(alice(), [(DataType::Email, Modseq(7)), (DataType::Calendar, Modseq(3))]);
    assert_eq!(state.merge(&answer), Merged::Advanced);
    assert_eq!(state.merge(&answer), Merged::Unchanged);
    assert_eq!(moved(&mut state, 100, 8, 1), Merged::Advanced, "it is the same life");
    let expected = [(Counter::Mail, Modseq(8)), (Counter::Calendar, Modseq(3))];
    assert_eq!(state.vector, expected.into_iter().collect());
}

#[test]
fn an_account_that_was_asked_for_still_counts_changes_of_a_server_without_counters() {
    let mut state = after([&Observation::of_upstream(alice(), [(DataType::Email, Modseq(7))])]);
    assert_eq!(merge(&mut state, &change(ChangeKind::FlagsSet, &[], None), 5_000), Merged::NewEpoch);
    assert_eq!(state.vector.get(Counter::Mail), Some(Modseq(5_000)));
}

#[test]
fn the_observation_of_another_account_is_refused() {
    let mut state = AccountState::new(Account::parse("bob@example.org").unwrap());
    assert_eq!(moved(&mut state, 100, 7, 1), Merged::OtherAccount);
    assert!(state.vector.is_unknown());
}

#[test]
fn a_state_is_the_same_after_it_was_stored() {
    let mut shared = change(ChangeKind::AclChange, &["Team"], Some(counters(100, 7)));
    shared.acl = Some(acl(&[("alice", "lrs"), ("bob", "lrs")]));
    let mut state = after([&observed(&shared, 1)]);
    assert_eq!(deleted(&mut state, 100, 6, 2), Merged::Noted);
    for form in [Form::MessagePack, Form::Json] {
        assert_eq!(decode::<AccountState>(&encode(&state, form).unwrap()).unwrap(), state);
    }
}

proptest! {
    #[test]
    fn any_order_and_any_repetition_gives_the_same_numbers(
        (told, shuffled) in life(100, 100, 1).prop_flat_map(|told| {
            let twice = [told.clone(), told.clone()].concat();
            (Just(told), Just(twice).prop_shuffle())
        })
    ) {
        let (expected, state) = (after(&told), after(&shuffled));
        prop_assert_eq!(state.vector, expected.vector);
        prop_assert_eq!(state.life, expected.life);
        prop_assert!(state.shared.iter().eq(expected.shared.iter()), "{:?} is not {:?}", state.shared, expected.shared);
    }
}
