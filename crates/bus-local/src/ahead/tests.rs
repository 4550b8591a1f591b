//! What stands before the file, while the writer stores and when it fails.

use tokio::sync::Semaphore;

use super::*;
use crate::known::{KnownStates, KnownValues};

const ALICE: AccountToken = AccountToken([7; 16]);
const FULL: usize = 2;

fn ahead() -> Ahead {
    let known = Known { states: KnownStates::new(1 << 20), values: KnownValues::new(0, []) };
    known.states.note([(ALICE, None)].into_iter());
    Ahead::new(Arc::new(known), FULL)
}

fn try_to_put(ahead: &Ahead, expected: Option<u64>) -> Result<Result<Accepted, Refused>, Undecided> {
    let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
    ahead.put(Put { account: ALICE, value: Bytes::new(), expected: expected.map(Revision) }, place)
}

/// Of an account that is known.
fn put(ahead: &Ahead, expected: Option<u64>) -> Result<Accepted, Refused> {
    try_to_put(ahead, expected).ok().unwrap()
}

fn revision(ahead: &Ahead) -> Option<Option<u64>> {
    ahead.state(ALICE).map(|state| state.map(|state| state.revision.0))
}

#[test]
fn a_put_follows_the_one_that_is_being_stored() {
    let ahead = ahead();
    assert!(put(&ahead, None).is_ok_and(|accepted| accepted.is_news));
    let taken = ahead.take();
    assert!(matches!(put(&ahead, None), Err(Refused::Conflict)));
    assert!(put(&ahead, Some(1)).is_ok_and(|accepted| accepted.revision == Revision(2)));
    assert_eq!(ahead.settle(taken, |_| false).stored.len(), 1);
    assert_eq!(revision(&ahead), Some(Some(2)));
    assert!(ahead.is_waiting());
}

#[test]
fn a_lost_state_takes_its_followers_and_what_is_known_along() {
    let ahead = ahead();
    put(&ahead, None).ok();
    let taken = ahead.take();
    put(&ahead, Some(1)).ok();
    let settled = ahead.settle(taken, |_| true);
    assert_eq!((settled.stored.len(), settled.lost.len()), (0, 2));
    assert_eq!(revision(&ahead), None, "the file is asked");
    assert!(!ahead.is_waiting());
    assert!(try_to_put(&ahead, Some(2)).is_err());
    ahead.known.states.note([(ALICE, None)].into_iter());
    assert!(put(&ahead, None).is_ok_and(|accepted| accepted.revision == Revision(3) && accepted.is_news));
}

#[test]
fn enough_puts_wait_no_longer() {
    let ahead = ahead();
    put(&ahead, None).ok();
    assert!(!ahead.is_full());
    assert!(put(&ahead, Some(1)).is_ok_and(|accepted| accepted.is_news));
    assert!(ahead.is_full());
    assert_eq!(ahead.take().len(), 1, "of one account the last");
    assert!(!ahead.is_full());
}

#[test]
fn a_closed_one_accepts_nothing() {
    let ahead = ahead();
    ahead.close();
    assert!(matches!(put(&ahead, None), Err(Refused::Closed)));
}
