//! A victim that mails alarms.

use std::{env, net::SocketAddr};

use bus::Message;
use fakes::smtp::{Faults, SmtpSink};
use notifyd::Settings;

use super::{
    ALARMS, THIS_TEST,
    aim::Aim,
    place::Place,
    victim::{Strike, Victim},
};
use crate::setup::{self, alarm, job};

const SERVER: &str = "NOTIFYD_TEST_KILL_SERVER";
const CONCURRENCY: &str = "NOTIFYD_TEST_KILL_CONCURRENCY";

/// What the harness told this victim.
pub fn settings() -> Settings {
    let mut settings = setup::settings(env::var(SERVER).unwrap().parse().unwrap());
    (settings.concurrency, settings.retries) = (env::var(CONCURRENCY).unwrap().parse().unwrap(), 100);
    settings
}

/// Puts the alarms on the bus, each to an address of its own.
pub async fn dispatch(place: &Place) {
    place.prepare(setup::settings("127.0.0.1:1".parse().unwrap())).await;
    place.dispatch((1..=ALARMS).map(numbered)).await;
}

fn numbered(number: u64) -> Message {
    let mut job = job(alarm(&[&address(number)]));
    job.id.sequence = number;
    job
}

pub fn address(number: u64) -> String {
    format!("bob{number}@example.org")
}

/// Starts one, to be killed where it comes by for that many times, or not at all.
pub fn start(place: &Place, server: SocketAddr, kill: Option<(&Aim, u64)>) -> Victim {
    let concurrency = kill.map_or(4, |(aim, _)| aim.concurrency());
    let strike = kill.and_then(|(aim, count)| {
        let (word, pause) = aim.word()?;
        Some(Strike { word, times: aim.times(count), pause })
    });
    let told = [(SERVER, server.to_string()), (CONCURRENCY, concurrency.to_string())];
    Victim::start(place, THIS_TEST, &told, strike)
}

/// Waits until it was killed: whether where it was aimed.
pub async fn killed(victim: Victim, aim: &Aim, sink: &SmtpSink) -> bool {
    let mut stalled = sink.stalled();
    let before = *stalled.borrow_and_update();
    sink.set_faults(aim.faults());
    let held_back = async {
        stalled.wait_for(|stalled| *stalled > before).await.unwrap();
    };
    let is_hit = victim.killed(held_back).await;
    sink.set_faults(Faults::default());
    is_hit
}
