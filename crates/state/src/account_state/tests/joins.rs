//! Two values of one account become one.

use mailbox_event::{Account, ChangeKind, Modseq};
use proptest::prelude::*;

use super::server::*;
use crate::{AccountState, Counter, Epoch, Merged};

fn any_state() -> impl Strategy<Value = AccountState> {
    prop::collection::vec(anything(), 0..20).prop_map(|observations| after(&observations))
}

fn joined(one: &AccountState, other: &AccountState) -> AccountState {
    let mut state = one.clone();
    let merged = state.join(other);
    assert_eq!(merged.is_change(), state != *one, "{merged:?}");
    state
}

proptest! {
    #[test]
    fn a_join_is_commutative_associative_and_idempotent(a in any_state(), b in any_state(), c in any_state()) {
        prop_assert_eq!(joined(&a, &b), joined(&b, &a));
        prop_assert_eq!(joined(&joined(&a, &b), &c), joined(&a, &joined(&b, &c)));
        prop_assert_eq!(joined(&a, &a), a);
    }
}

#[test]
fn within_an_epoch_the_greater_of_each_pair_holds() {
    let read = after([&observed(&change(ChangeKind::MailboxModseq, &[], Some(counters(100, 4))), 1)]);
    let (mut one, mut other) = (read.clone(), read);
    assert_eq!(moved(&mut one, 100, 9, 2), Merged::Advanced);
    assert_eq!(merge(&mut other, &delivery(&[], counters(100, 4), 5), 3), Merged::Advanced);
    assert_eq!(one.join(&other), Merged::Advanced);
    assert_eq!(
        one.vector,
        [(Counter::Mail, Modseq(9)), (Counter::Delivery, Modseq(5))].into_iter().collect()
    );
    assert_eq!(other.join(&one), Merged::Advanced);
    assert_eq!(other.join(&one), Merged::Unchanged);
}

#[test]
fn the_higher_epoch_holds_as_a_whole() {
    let mut older = unknown();
    assert_eq!(moved(&mut older, 100, 50, 1), Merged::Advanced);
    let mut state = older.clone();
    assert_eq!(moved(&mut state, 200, 1, 2), Merged::NewEpoch);
    assert_eq!(state.clone().join(&older), Merged::OlderLife);
    let mut behind = older;
    assert_eq!(behind.join(&state), Merged::NewEpoch);
    assert_eq!((behind.epoch, behind.vector.get(Counter::Mail)), (Epoch(200), Some(Modseq(1))));
}

#[test]
fn the_state_of_another_account_is_refused() {
    let mut state = AccountState::new(Account::parse("bob@example.org").unwrap());
    assert_eq!(state.join(&unknown()), Merged::OtherAccount);
}
