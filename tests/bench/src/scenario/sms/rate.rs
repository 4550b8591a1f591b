//! Texts per second, of a backlog that waits for notifyd and of a loop that has nothing else to do.

use fakes::sms::{Fault, SmsGateway};

use super::{
    SmsPlan,
    setup::{Rate, Setup, gateway, rate},
};
use crate::{Outcome, peer::Peer, results::Results, server::Helper};

/// Measures both in turn: with a gateway that answers at once, all of many users and all of one, and with a distant one.
pub async fn run(plan: &SmsPlan, peer: Peer, results: &Results) -> Outcome<()> {
    let gateway = gateway().await?;
    let bare = requests(plan, &gateway)?;
    let many = notifyd(plan, peer, plan.users, &gateway).await?;
    let one = notifyd(plan, peer, 1, &gateway).await?;
    compare("sms", (peer, &many), &bare, results)?;
    results.add("sms_one_rate", peer, one.texts)?;
    results.add("sms_one_part", peer, one.texts / many.texts * 100.0)?;
    results.add("sms_one_cpu_us", peer, one.cpu)?;
    if plan.distance > 0 {
        gateway.fail_always(Some(Fault::Late(plan.distance())));
        let bare = requests(plan, &gateway)?;
        let many = notifyd(plan, peer, plan.users, &gateway).await?;
        compare("sms_distant", (peer, &many), &bare, results)?;
    }
    Ok(())
}

fn compare(name: &str, (peer, ours): (Peer, &Rate), bare: &Rate, results: &Results) -> Outcome<()> {
    for (whose, rate) in [(Peer::Bare, bare), (peer, ours)] {
        results.add(&format!("{name}_rate"), whose, rate.texts)?;
        results.add(&format!("{name}_cpu_us"), whose, rate.cpu)?;
    }
    results.add(&format!("{name}_part"), peer, ours.texts / bare.texts * 100.0)
}

/// Fails unless each was sent once and paid once.
async fn notifyd(plan: &SmsPlan, peer: Peer, users: usize, gateway: &SmsGateway) -> Outcome<Rate> {
    // Each has enough for all, whoever they are of.
    let setup = Setup::new(peer, plan.texts, users, plan.texts).await?;
    let before = *gateway.taken().borrow();
    let rate = setup.send(&gateway.base_url(), plan.at_a_time)?;
    let sent = *gateway.taken().borrow() - before;
    if sent != u64::try_from(plan.texts)? {
        return Err(format!("the gateway took {sent} texts of {}", plan.texts).into());
    }
    setup.check(u64::try_from(plan.texts * users - plan.texts)?).await?;
    Ok(rate)
}

fn requests(plan: &SmsPlan, gateway: &SmsGateway) -> Outcome<Rate> {
    let numbers = [plan.at_a_time.to_string(), plan.texts.to_string()];
    rate(Helper::start(&["part", "requests", &gateway.base_url(), &numbers[0], &numbers[1]], None)?)
}
