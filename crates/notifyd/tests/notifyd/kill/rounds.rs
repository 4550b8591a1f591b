//! Rounds of kills, some at a time.

use std::{env, ops::Range, sync::Arc};

use rand::{RngExt, rngs::StdRng};
use testkit::postgres::Postgres;
use tokio::{sync::Semaphore, task::JoinSet};

use super::place::Place;

/// Most of a round is waiting, on NATS for the dead node's jobs to be free.
const ROUNDS_AT_A_TIME: usize = 3;

/// The rounds' seeds: so many, or what the environment says.
pub fn seeds(count: u64) -> Range<u64> {
    let first = number("NOTIFYD_TEST_KILL_SEED", 0);
    first..first + number("NOTIFYD_TEST_KILL_ROUNDS", count)
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Where the round of this seed is played, so that each fourth of the aims comes on each pair.
pub fn pair(seed: u64) -> u64 {
    seed + seed / 4
}

/// Plays a round for each seed at a place of its own, and gives what came of each with the place's name.
pub async fn play<T: 'static>(
    seeds: Range<u64>,
    round: impl AsyncFn(u64, &Place) -> T + Copy + 'static,
) -> Vec<(&'static str, T)> {
    let postgres = Postgres::shared().await;
    let (at_a_time, mut running) = (Arc::new(Semaphore::new(ROUNDS_AT_A_TIME)), JoinSet::new());
    for seed in seeds {
        let (postgres, at_a_time) = (postgres.clone(), at_a_time.clone());
        running.spawn_local(async move {
            let _turn = at_a_time.acquire().await.unwrap();
            eprintln!("seed {seed}");
            let place = Place::new(pair(seed), &postgres).await;
            (place.name(), round(seed, &place).await)
        });
    }
    let mut played = Vec::new();
    while let Some(round) = running.join_next().await {
        played.push(round.unwrap());
    }
    played
}

/// A fourth of `all`, in any order.
pub fn fourth<A: Clone>(all: &[A], seed: u64, rng: &mut StdRng) -> Vec<A> {
    let mut aims: Vec<_> = all.iter().skip(usize::try_from(seed % 4).unwrap()).step_by(4).cloned().collect();
    for place in (1..aims.len()).rev() {
        aims.swap(place, rng.random_range(0..=place));
    }
    aims
}
