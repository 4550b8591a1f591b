//! notifyd is killed between every two of its effects, again and again, on both databases and both buses.
//!
//! [`AIMS`] are the places. At some of them the server holds an answer back and says so, and the kill comes from outside;
//! at the others notifyd kills itself (SIGKILL, no destructor runs) when it comes by. So each kill is known to
//! have landed where it was aimed, or is not counted; a place that was never hit is a failure.
//!
//! `NOTIFYD_TEST_KILL_ROUNDS` and `NOTIFYD_TEST_KILL_SEED` make the run longer and another one: see
//! `tests/long/kill-alarms`.

mod aim;
mod check;
pub mod hits;
mod mailer;
pub mod place;
pub mod rounds;
pub mod victim;

use std::collections::{BTreeMap, BTreeSet};

use fakes::smtp::{SinkSettings, SmtpSink};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::task::LocalSet;

use aim::{AIMS, Aim};
use check::{Tally, check, finish};
use place::Place;
use rounds::{fourth, play, seeds};

const THIS_TEST: &str = "kill::every_alarm_has_a_mail_whatever_was_killed_and_another_only_in_doubt";

const ALARMS: u64 = 12;
/// Each aim twice, each pair of a bus and a database twice.
const ROUNDS: u64 = 8;
/// Each aim on each pair, and on both versions of NATS.
const WHOLE: u64 = 32;

#[test]
fn every_alarm_has_a_mail_whatever_was_killed_and_another_only_in_doubt() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match Place::of_the_victim() {
        Some(place) => runtime.block_on(victim::serve(&place, mailer::settings())),
        None => LocalSet::new().block_on(&runtime, rounds()),
    }
}

async fn rounds() {
    let seeds = seeds(ROUNDS);
    let count = seeds.end - seeds.start;
    let (mut tallies, mut all): (BTreeMap<&str, Tally>, _) = (BTreeMap::new(), Tally::default());
    for (name, tally) in play(seeds, kill_and_send).await {
        tallies.entry(name).or_default().add(tally);
    }
    for (name, tally) in tallies {
        eprintln!("{name}: {tally}");
        // A short run has not been everywhere on every pair.
        if count >= WHOLE {
            tally.hits.assert_every(&AIMS);
        }
        all.add(tally);
    }
    if count >= ROUNDS {
        all.hits.assert_every(&AIMS);
    }
}

async fn kill_and_send(seed: u64, place: &Place) -> Tally {
    let mut rng = StdRng::seed_from_u64(seed);
    let keep = SinkSettings { kept: 1000, ..SinkSettings::default() };
    let sink = SmtpSink::start("127.0.0.1:0".parse().unwrap(), keep).await.unwrap();
    mailer::dispatch(place).await;
    let (mut tally, mut doubts) = (Tally::default(), BTreeSet::new());
    for aim in aims(seed, &mut rng) {
        let victim = mailer::start(place, sink.local_addr(), Some((&aim, rng.random_range(1..=3))));
        let is_hit = mailer::killed(victim, &aim, &sink).await;
        tally.hits.killed(aim.clone(), matches!(aim, Aim::Later(..)), is_hit);
        doubts.extend(place.in_doubt());
    }
    finish(place, &sink).await;
    check(&sink, place, &doubts, tally).await
}

/// A fourth of all, in any order, and then one that strikes some time after notifyd came by its place.
fn aims(seed: u64, rng: &mut StdRng) -> Vec<Aim> {
    let mut aims = fourth(&AIMS, seed, rng);
    aims.push(Aim::later(rng));
    aims
}
