//! Texts per second, of a backlog that waits for notifyd and of a loop that has nothing else to do.

use fakes::sms::{Fault, SmsGateway};
use testkit::prism::Prism;

use super::{
    SmsPlan,
    setup::{Rate, Setup, gateway, rate},
};
use crate::{Outcome, peer::Peer, results::Results, server::Helper};

/// Measures both in turn: with a gateway that answers at once, all of many users and all of one; with a distant one; and
/// with Prism, which others wrote and which judges each request by Twilio's description.
pub async fn run(plan: &SmsPlan, peer: Peer, results: &Results) -> Outcome<()> {
    let prism = Prism::start().await;
    let bare = requests(plan, &prism.base_url())?;
    let many = paid(plan, peer, plan.users, &prism.base_url()).await?;
    compare("sms_prism", (peer, &many), &bare, results)?;
    drop(prism);
    let gateway = gateway().await?;
    let bare = requests(plan, &gateway.base_url())?;
    let many = notifyd(plan, peer, plan.users, &gateway).await?;
    let one = notifyd(plan, peer, 1, &gateway).await?;
    compare("sms", (peer, &many), &bare, results)?;
    results.add("sms_one_rate", peer, one.texts)?;
    results.add("sms_one_part", peer, one.texts / many.texts * 100.0)?;
    results.add("sms_one_cpu_us", peer, one.cpu)?;
    if plan.distance > 0 {
        gateway.fail_always(Some(Fault::Late(plan.distance())));
        let bare = requests(plan, &gateway.base_url())?;
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
    let before = *gateway.taken().borrow();
    let rate = paid(plan, peer, users, &gateway.base_url()).await?;
    let sent = *gateway.taken().borrow() - before;
    if sent != u64::try_from(plan.texts)? {
        return Err(format!("the gateway took {sent} texts of {}", plan.texts).into());
    }
    Ok(rate)
}

/// Fails unless each was paid once.
async fn paid(plan: &SmsPlan, peer: Peer, users: usize, gateway: &str) -> Outcome<Rate> {
    // Each has enough for all, whoever they are of.
    let setup = Setup::new(peer, plan.texts, users, plan.texts).await?;
    let rate = setup.send(gateway, plan.at_a_time)?;
    setup.check(u64::try_from(plan.texts * users - plan.texts)?).await?;
    Ok(rate)
}

fn requests(plan: &SmsPlan, gateway: &str) -> Outcome<Rate> {
    let numbers = [plan.at_a_time.to_string(), plan.texts.to_string()];
    rate(Helper::start(&["part", "requests", gateway, &numbers[0], &numbers[1]], None)?)
}
