//! One attempt at all keys that are to be healed. Pure: who begins it reads.
//!
//! A server without the stream answers no read at all, or only that nobody serves it. To wait for that once for each of
//! many thousand keys would take hours, so a round is given up when nobody answers; one answer that is lost on its way
//! is no reason.

use std::collections::VecDeque;

use futures_util::{StreamExt, stream::FuturesUnordered};

use crate::error::CallError;

/// What became of it.
#[derive(Debug)]
pub(super) struct Round<K> {
    /// Keys that are not healed yet. Those that were tried come last, so that none holds up the others for ever.
    pub(super) left: Vec<K>,
    /// Why not, of the last that failed.
    pub(super) failure: Option<CallError>,
}

/// Heals `keys`, `at_once` at the same time and the first by itself, until all were tried or nobody answers: neither the
/// first, nor as many later as are read at the same time.
pub(super) async fn go<K: Copy, H: Future<Output = Result<(), CallError>>>(
    keys: Vec<K>,
    at_once: usize,
    heal: impl Fn(K) -> H,
) -> Round<K> {
    let (mut waiting, mut tried, mut failure) = (VecDeque::from(keys), Vec::new(), None);
    // Reads without an answer, in a row.
    let mut silent = 0;
    let (mut healing, mut places) = (FuturesUnordered::new(), 1);
    loop {
        while silent < places
            && healing.len() < places
            && let Some(key) = waiting.pop_front()
        {
            let healed = heal(key);
            healing.push(async move { (key, healed.await) });
        }
        let Some((key, healed)) = healing.next().await else { break };
        if healed.as_ref().is_err_and(is_silence) {
            silent += 1;
        } else {
            (silent, places) = (0, at_once.max(1));
        }
        if let Err(error) = healed {
            tried.push(key);
            failure = Some(error);
        }
    }
    Round { left: waiting.into_iter().chain(tried).collect(), failure }
}

/// What the server says of one key says nothing of the others.
fn is_silence(error: &CallError) -> bool {
    !matches!(error, CallError::Refused { .. } | CallError::Answer(_))
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, time::Duration};

    use tokio::time::{Instant, sleep};

    use super::*;

    /// How long a call waits for its answer.
    const PATIENCE: Duration = Duration::from_secs(2);

    const ACCOUNTS: u32 = 10_000;

    fn accounts() -> Vec<u32> {
        (0..ACCOUNTS).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_is_gone_costs_one_wait_whatever_there_is_to_heal() {
        let (began, reads) = (Instant::now(), Cell::new(0));
        let round = go(accounts(), 32, |_| async {
            reads.set(reads.get() + 1);
            sleep(PATIENCE).await;
            Err(CallError::TimedOut)
        })
        .await;
        assert_eq!((began.elapsed(), reads.get()), (PATIENCE, 1));
        assert_eq!(round.left.len(), ACCOUNTS as usize);
        assert!(matches!(round.failure, Some(CallError::TimedOut)), "{round:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_goes_in_the_middle_ends_the_round_and_the_next_heals_what_is_left() {
        let (began, healed) = (Instant::now(), Cell::new(0));
        let heal = |_| async {
            if healed.get() == 1000 && began.elapsed() < 2 * PATIENCE {
                sleep(PATIENCE).await;
                return Err(CallError::TimedOut);
            }
            healed.set(healed.get() + 1);
            Ok(())
        };
        let round = go(accounts(), 32, &heal).await;
        assert_eq!((round.left.len(), began.elapsed()), (ACCOUNTS as usize - 1000, 2 * PATIENCE));
        assert!(matches!(round.failure, Some(CallError::TimedOut)), "{round:?}");
        let round = go(round.left, 32, &heal).await;
        assert!(round.left.is_empty() && round.failure.is_none(), "{round:?}");
        assert_eq!(healed.get(), ACCOUNTS);
    }

    #[tokio::test(start_paused = true)]
    async fn one_state_that_cannot_be_read_holds_up_no_other() {
        let heal = |key| async move { if key == 0 { Err(refused()) } else { Ok(()) } };
        let round = go(accounts(), 32, heal).await;
        assert_eq!(round.left, [0]);
        assert!(matches!(round.failure, Some(CallError::Refused { .. })), "{round:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_are_lost_now_and_then_do_not_end_a_round() {
        let heal = async |key| {
            if key % 100 != 99 {
                sleep(Duration::from_millis(1)).await;
                return Ok(());
            }
            sleep(PATIENCE).await;
            Err(CallError::TimedOut)
        };
        let round = go(accounts(), 32, heal).await;
        assert_eq!(round.left.len(), ACCOUNTS as usize / 100);
        assert!(round.left.iter().all(|key| key % 100 == 99));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_refuses_the_first_state_is_asked_for_many_at_once() {
        let began = Instant::now();
        let round = go((0..9).collect(), 4, async |key: u32| {
            sleep(Duration::from_secs(1)).await;
            if key == 0 { Err(refused()) } else { Ok(()) }
        })
        .await;
        assert_eq!((round.left, began.elapsed()), (vec![0], Duration::from_secs(3)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_that_is_never_answered_comes_after_the_others_next_time() {
        let heal = |key| async move { if key == 0 { Err(CallError::TimedOut) } else { Ok(()) } };
        let round = go(vec![0, 1, 2], 1, heal).await;
        assert_eq!(round.left, [1, 2, 0]);
        assert_eq!(go(round.left, 1, heal).await.left, [0]);
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_are_read_at_once_as_may_be_and_one_goes_ahead() {
        let began = Instant::now();
        let round = go((0..9).collect(), 4, |_: u32| async {
            sleep(Duration::from_secs(1)).await;
            Ok(())
        })
        .await;
        assert!(round.left.is_empty());
        assert_eq!(began.elapsed(), Duration::from_secs(3), "one, four and four");
    }

    fn refused() -> CallError {
        CallError::Refused { code: 408, description: "Bad Request".to_owned() }
    }
}
