//! Nodes that hear the same in different orders.

use proptest::{prelude::*, sample::Index};

use super::{lives::lives, server::*};
use crate::{AccountState, Merged, Observation};

/// What a node hears of lives: each shows itself by the creation of INBOX; the rest of it comes in any order, and of
/// all that was told before, some comes again in between.
fn heard(lives: &[(Vec<Observation>, Vec<Observation>)], order: &[Index]) -> Vec<Observation> {
    let mut order = order.iter().cycle();
    let mut heard = Vec::new();
    for (index, (life, end)) in lives.iter().enumerate() {
        let (created, rest) = life.split_first().expect("a life begins with INBOX");
        heard.push(created.clone());
        let end = if index + 1 < lives.len() { &end[..] } else { &[] };
        let mut untold: Vec<_> = rest.iter().chain(end).cloned().collect();
        while let Some(next) = order.next().filter(|_| !untold.is_empty()) {
            heard.push(untold.swap_remove(next.index(untold.len())));
            heard.push(order.next().map_or(created, |again| again.get(&heard)).clone());
        }
    }
    heard
}

fn joined(one: &AccountState, other: &AccountState) -> AccountState {
    let mut state = one.clone();
    let _merged = state.join(other);
    state
}

fn same(one: &AccountState, other: &AccountState) -> bool {
    (one.epoch, one.basis, one.vector) == (other.epoch, other.basis, other.vector)
        && one.shared.iter().eq(other.shared.iter())
}

fn is_about_inbox(told: &Observation) -> bool {
    told.mailbox.as_ref().is_some_and(|mailbox| mailbox.name.is_inbox())
}

fn order() -> impl Strategy<Value = Vec<Index>> {
    prop::collection::vec(any::<Index>(), 1..60)
}

proptest! {
    #[test]
    fn nodes_agree_on_the_last_life_in_whatever_order_they_heard(
        (lives, one, other) in (lives(), order(), order())
    ) {
        let (one, other) = (after(&heard(&lives, &one)), after(&heard(&lives, &other)));
        let last = &lives[lives.len() - 1].0;
        prop_assert!(same(&one, &other), "{one:?} is not {other:?}");
        prop_assert_eq!(one.vector, after(last).vector);
        prop_assert!(same(&joined(&one, &other), &one) && same(&joined(&other, &one), &one));
    }

    #[test]
    fn a_node_that_is_lives_behind_takes_the_newest_from_one_that_is_not(
        (lives, one, other) in (lives(), order(), order()), behind in any::<Index>()
    ) {
        let newest = after(&heard(&lives, &one));
        let behind = after(&heard(&lives[..=behind.index(lives.len())], &other));
        prop_assert!(same(&joined(&behind, &newest), &newest));
        prop_assert!(same(&joined(&newest, &behind), &newest));
    }

    #[test]
    fn a_node_that_hears_of_the_newest_life_first_ignores_the_inbox_of_older_ones(
        (lives, newest, older) in (lives(), order(), order())
    ) {
        let last = lives.len() - 1;
        let newest = after(&heard(&lives[last..], &newest));
        let mut state = newest.clone();
        for observation in heard(&lives[..last], &older).iter().filter(|told| is_about_inbox(told)) {
            prop_assert_eq!(state.merge(observation), Merged::OlderLife);
        }
        prop_assert_eq!(state, newest);
    }

    #[test]
    fn what_one_node_told_another_can_be_heard_again(lives in lives(), order in order()) {
        let told = heard(&lives, &order);
        let state = after(&told);
        let mut again = state.clone();
        for observation in &told {
            let _merged = again.merge(observation);
        }
        prop_assert!(same(&again, &state), "{again:?} is not {state:?}");
    }
}
