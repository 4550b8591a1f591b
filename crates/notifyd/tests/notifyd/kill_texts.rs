//! notifyd is killed between every two effects of a text message, as in [`crate::kill`]: through a gateway that would take
//! a text twice, and through one that takes a reference once.
//!
//! After each kill the books have to be in order; at the end each notification has been taken once, or it is known why
//! not, or it is in doubt, with its credit held, and listed. `tests/long/kill-texts` is the long run.

mod aim;
mod books;
mod end;
mod people;
mod round;
mod tally;
mod texter;

use std::collections::{BTreeMap, BTreeSet};

use fakes::sms::Form;
use rand::{SeedableRng, rngs::StdRng};
use tokio::task::LocalSet;

use crate::kill::{
    place::{Place, parts},
    rounds::{fourth, pair, play, seeds},
    victim,
};
use aim::{AIMS, Aim};
use end::{End, dead};
use round::Round;
use tally::Tally;

const THIS_TEST: &str = "kill_texts::no_text_is_taken_or_paid_twice_and_none_is_lost_whatever_was_killed";

/// Each aim once, each pair of a bus and a database once.
const ROUNDS: u64 = 4;
/// Each aim through each gateway on each pair, and on both versions of NATS.
const WHOLE: u64 = 64;

#[test]
fn no_text_is_taken_or_paid_twice_and_none_is_lost_whatever_was_killed() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match Place::of_the_victim() {
        Some(place) => runtime.block_on(victim::serve(&place, texter::settings())),
        None => LocalSet::new().block_on(&runtime, rounds()),
    }
}

async fn rounds() {
    let seeds = seeds(ROUNDS);
    let count = seeds.end - seeds.start;
    let (mut tallies, mut all): (BTreeMap<_, Tally>, _) = (BTreeMap::new(), Tally::default());
    for (name, (form, tally)) in
        play(seeds, async |seed, place| (form(seed), kill_and_text(seed, place).await)).await
    {
        tallies.entry((format!("{form:?}"), name)).or_default().add(tally);
    }
    for ((form, name), tally) in tallies {
        eprintln!("{form}, {name}: {tally}");
        if count >= WHOLE {
            tally.hits.assert_every(&AIMS);
        }
        all.add(tally);
    }
    eprintln!("all: {all}");
    if count >= ROUNDS {
        all.hits.assert_every(&AIMS);
    }
}

/// In turn, so that each comes on each pair with each fourth of the aims; pairs and versions begin again after 32 seeds,
/// with the gateways exchanged.
fn form(seed: u64) -> Form {
    if (seed + seed / 4 + seed / 16 + seed / 32).is_multiple_of(2) { Form::Twilio } else { Form::Webhook }
}

#[test]
fn a_whole_run_has_each_aim_through_each_gateway_on_each_pair() {
    for first in [0, 7, 1_000] {
        let reached = (first..first + WHOLE).map(|seed| {
            let ((version, is_postgres), fourth) = (parts(pair(seed)), seed % 4);
            format!("{:?} {version:?} {is_postgres} {fourth}", form(seed))
        });
        // Two gateways, three buses, two databases, four fourths.
        assert_eq!(reached.collect::<BTreeSet<_>>().len(), 2 * 3 * 2 * 4, "from {first}");
    }
}

async fn kill_and_text(seed: u64, place: &Place) -> Tally {
    let mut rng = StdRng::seed_from_u64(seed);
    let (mut round, mut tally) = (Round::new(form(seed), place).await, Tally::default());
    let mut aims = fourth(&AIMS, seed, &mut rng);
    aims.push(Aim::later(&mut rng));
    for aim in aims {
        let is_hit = round.kill(&aim, &mut rng).await;
        tally.hits.killed(aim.clone(), matches!(aim, Aim::Later(..)), is_hit);
    }
    round.finish(|round| End::of(round).is_done(round)).await;
    let end = End::of(&round);
    let dead = dead(&round, &end).await;
    tally.add(end.check(&round, &dead));
    end.settle(&round).await;
    tally
}
