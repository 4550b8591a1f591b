//! What a real Cyrus 3.6.1 told of its accounts, merged.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test by panicking")]

#[path = "captures/told.rs"]
mod told;

use std::collections::BTreeMap;

use mailbox_event::{Account, Counters, MailboxId, Modseq, UidValidity};
use state::{AccountState, Basis, Counter, Epoch, Merged, Observation};
use told::captured;

/// Merges all, and sees that nothing ever steps back or starts anew.
fn merged<'a>(observations: impl IntoIterator<Item = &'a Observation>) -> BTreeMap<Account, AccountState> {
    let mut states = BTreeMap::new();
    for observation in observations {
        let account = observation.account().clone();
        let state = states.entry(account.clone()).or_insert_with(|| AccountState::new(account));
        let before = state.clone();
        let merged = state.merge(observation);
        assert!(!matches!(merged, Merged::NewEpoch | Merged::OlderLife | Merged::OtherAccount), "{merged:?}");
        assert_eq!(before.vector.changed_since(&state.vector).count(), 0);
    }
    states
}

#[test]
fn every_account_ends_with_the_highest_counters_it_was_told() {
    let captured = captured("cyrus-3.6.1-full.jsonl");
    let states = merged(captured.iter().map(|(observation, _)| observation));
    assert_eq!(states.len(), 3);
    for (account, state) in &states {
        let own = captured.iter().filter(|(observation, _)| observation.account() == account);
        let told = own.filter_map(|(_, counters)| counters.as_ref()).collect::<Vec<_>>();
        let highest = |modseq: fn(&Counters) -> Modseq| told.iter().map(|counters| modseq(counters)).max();
        assert_eq!(state.basis, Basis::Counters);
        assert_eq!(state.modseq(Counter::Mail), highest(|counters| counters.mail));
        assert_eq!(state.modseq(Counter::Calendar), highest(|counters| counters.calendar));
        assert_eq!(state.modseq(Counter::Contacts), highest(|counters| counters.contacts));
        let first = told.first().map_or(UidValidity(0), |counters| counters.uid_validity);
        assert_eq!(state.epoch, Epoch(first.0), "folders were created, and the epoch stayed");
    }
}

#[test]
fn the_order_of_a_real_server_is_as_good_as_any() {
    let captured = captured("cyrus-3.6.1-full.jsonl");
    let told = captured.iter().map(|(observation, _)| observation).collect::<Vec<_>>();
    let (in_order, reversed) = (merged(told.iter().copied()), merged(told.iter().rev().copied()));
    for (account, state) in &in_order {
        assert_eq!(reversed[account].vector, state.vector);
        assert_eq!(reversed[account].life, state.life);
        assert!(reversed[account].shared.iter().eq(state.shared.iter()));
    }
}

#[test]
fn a_real_delivery_is_told_and_a_deleted_shared_folder_is_gone() {
    let states = merged(captured("cyrus-3.6.1-full.jsonl").iter().map(|(observation, _)| observation));
    let alice = &states[&Account::parse("alice@example.org").unwrap()];
    assert!(
        alice.modseq(Counter::Delivery).is_some_and(|delivery| Some(delivery) <= alice.modseq(Counter::Mail))
    );
    assert!(alice.modseq(Counter::Sieve).is_some());
    let folders = |state: &AccountState| {
        state.shared.iter().map(|(_, entry)| entry.name.path.join("/")).collect::<Vec<_>>()
    };
    assert!(!folders(alice).contains(&"Team".to_owned()), "{:?}", folders(alice));
    let erin = &states[&Account::parse("erin@example.com").unwrap()];
    assert_eq!(folders(erin), ["Plans"]);
    let (plans, entry) = erin.shared.iter().next().unwrap();
    assert_ne!(plans, &MailboxId(String::new()));
    assert!(entry.vector.get(Counter::Mail) < erin.modseq(Counter::Mail), "private mail came after it");
}

#[test]
fn without_counters_every_account_counts_by_itself() {
    let captured = captured("cyrus-3.6.1-groups.jsonl");
    let states = merged(captured.iter().map(|(observation, _)| observation));
    assert!(!states.is_empty());
    for state in states.values() {
        assert_eq!(state.basis, Basis::ChangeNumbers);
        assert!(!state.life.has_counters());
    }
}
