//! Mails per second, of a backlog that waits for notifyd and of a loop that has nothing else to do.

use std::{fs, path::Path};

use super::{MailPlan, jobs, servers};
use crate::{Outcome, peer::Peer, results::Results, scenario::place::Place, server::Helper};

/// Measures both against each server, in turn.
pub async fn run(plan: &MailPlan, peer: Peer, results: &Results) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let mail = folder.path().join("mail");
    let sink = servers::sink().await?;
    let sink_address = sink.local_addr().to_string();
    notifyd(plan, peer, &sink_address, 1).await?;
    let octets = sink.mails().pop().ok_or("notifyd sent no mail")?.octets.clone();
    fs::write(&mail, octets)?;
    against("fake", plan, peer, &sink_address, &mail, results).await?;
    drop(sink);
    let aiosmtpd = servers::Aiosmtpd::start()?;
    against("aiosmtpd", plan, peer, &aiosmtpd.address.to_string(), &mail, results).await
}

async fn against(
    server: &str,
    plan: &MailPlan,
    peer: Peer,
    address: &str,
    mail: &Path,
    results: &Results,
) -> Outcome<()> {
    let name = |what| format!("mail_{server}_{what}");
    for _ in 0..plan.rounds {
        let (pool, bare) = (bare("pool", plan, address, mail)?, bare("nodelay", plan, address, mail)?);
        let ours = notifyd(plan, peer, address, plan.mails).await?;
        for (whose, rate) in [(Peer::Bare, &bare), (peer, &ours)] {
            results.add(&name("rate"), whose, rate.mails)?;
            results.add(&name("cpu_us"), whose, rate.cpu)?;
        }
        results.add(&name("part"), peer, ours.mails / bare.mails * 100.0)?;
        results.add(&name("pool_rate"), Peer::Bare, pool.mails)?;
        results.add(&name("pool_part"), peer, ours.mails / pool.mails * 100.0)?;
    }
    Ok(())
}

/// What a sender said of itself.
struct Rate {
    /// In a second.
    mails: f64,
    /// Microseconds of each.
    cpu: f64,
}

/// Mails per second from a backlog on the bus to the server's answer and the ledger's last word.
async fn notifyd(plan: &MailPlan, peer: Peer, smtp: &str, mails: usize) -> Outcome<Rate> {
    let place = Place::new(peer).await?;
    let bus = place.bus().await?;
    jobs::dispatch(&bus, mails).await?;
    drop(bus);
    rate(place.notifyd(smtp, plan.at_a_time, mails)?)
}

fn bare(how: &str, plan: &MailPlan, smtp: &str, mail: &Path) -> Outcome<Rate> {
    // The pool needs 40 ms for a mail.
    let mails = if how == "pool" { plan.mails.div_ceil(10) } else { plan.mails };
    let numbers = [plan.at_a_time.to_string(), mails.to_string()];
    rate(Helper::start(&["part", "lettre", how, smtp, &numbers[0], &numbers[1]], Some(mail))?)
}

fn rate(done: Helper) -> Outcome<Rate> {
    let (mails, cpu) = done.said().split_once(' ').ok_or("the sender said nothing")?;
    Ok(Rate { mails: mails.parse()?, cpu: cpu.parse()? })
}
