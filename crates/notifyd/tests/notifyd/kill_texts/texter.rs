//! A victim that texts.

use std::env;

use fakes::sms::{Form, Status};
use notifyd::{MuteSettings, Settings};

use super::{
    THIS_TEST,
    aim::Aim,
    people::{BUDGET, PRICE},
    round::Round,
};
use crate::{kill::victim::Victim, setup, texts::line::sms_settings};

const TOLD: [&str; 5] = [
    "NOTIFYD_TEST_KILL_FORM",
    "NOTIFYD_TEST_KILL_GATEWAY",
    "NOTIFYD_TEST_KILL_MAIL",
    "NOTIFYD_TEST_KILL_PORT",
    "NOTIFYD_TEST_KILL_JOBS",
];

/// What the harness told this victim.
pub fn settings() -> Settings {
    let [form, gateway, mail, port, jobs] = TOLD.map(|name| env::var(name).unwrap());
    let form = if form == "Twilio" { Form::Twilio } else { Form::Webhook };
    of(form, &gateway, &mail, port.parse().unwrap(), jobs.parse().unwrap())
}

/// The settings of those who are told such things; on port 0 no receipts come.
pub fn of(form: Form, gateway: &str, mail: &str, port: u16, jobs: usize) -> Settings {
    let mut settings = setup::settings(mail.parse().unwrap());
    let mut sms = sms_settings(form, gateway);
    sms.prices.insert("DE".parse().unwrap(), PRICE);
    (sms.concurrency, sms.refund) = (jobs, true);
    let base = format!("http://127.0.0.1:{port}");
    sms.gateway.receipts = Some(format!("{base}/receipts/{}", sms.gateway.provider.as_str()));
    settings.sms = Some(sms);
    let listen = format!("127.0.0.1:{port}").parse().unwrap();
    settings.mute = Some(MuteSettings { listen, public_url: base, ..MuteSettings::default() });
    settings.retries = 100;
    settings.sieve.hourly_per_destination = BUDGET;
    settings.sieve.per_message = 1_000;
    settings.sieve.merge_for = std::time::Duration::from_millis(1);
    settings
}

/// Starts one, to be killed where it comes by for the `nth` time, or not at all.
pub fn start(round: &Round<'_>, kill: Option<(&Aim, u64)>) -> Victim {
    let jobs = kill.map_or(4, |(aim, _)| aim.concurrency());
    let told = [
        format!("{:?}", round.form),
        round.gateway.base_url(),
        round.sink.local_addr().to_string(),
        round.port.to_string(),
        jobs.to_string(),
    ];
    let told: Vec<_> = TOLD.into_iter().zip(told).collect();
    Victim::start(round.place, THIS_TEST, &told, kill.and_then(|(aim, nth)| aim.strike(nth)))
}

/// Waits until it was killed: whether where it was aimed.
pub async fn killed(victim: Victim, aim: &Aim, round: &Round<'_>) -> bool {
    let (mut taken, mut calls) = (round.gateway.taken(), round.gateway.calls());
    let (taken_before, calls_before) = (*taken.borrow_and_update(), *calls.borrow_and_update());
    round.gateway.fail_always(aim.fault());
    let held_back = async {
        match aim {
            Aim::Held(true) => drop(taken.wait_for(|taken| *taken > taken_before).await.unwrap()),
            Aim::Held(false) => drop(calls.wait_for(|calls| *calls > calls_before).await.unwrap()),
            aim if aim.wants_receipts() => tell(round).await,
            _ => std::future::pending().await,
        }
    };
    let is_hit = victim.killed(held_back).await;
    round.gateway.heal();
    is_hit
}

/// Has the gateway tell of all that it took, again and again.
async fn tell(round: &Round<'_>) {
    loop {
        for message in round.gateway.messages() {
            // Nobody listens before notifyd has started, and after it was killed.
            round.gateway.receipt(&message, status(&message.reference)).await.ok();
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// Of all that is said of a message's end, the same each time.
fn status(reference: &str) -> Status {
    match reference.as_bytes()[0] % 3 {
        0 => Status::Sent,
        1 => Status::Delivered,
        _ => Status::Undelivered,
    }
}
