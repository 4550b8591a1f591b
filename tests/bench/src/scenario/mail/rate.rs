//! Mails per second, of a backlog that waits for notifyd and of a loop that has nothing else to do.

use std::{fs, path::Path};

use super::{MailPlan, jobs, place::Place, servers};
use crate::{Outcome, peer::Peer, results::Results, server::Helper, statistics::median};

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
    let (mut of_pool, mut of_nodelay) = (Vec::new(), Vec::new());
    let name = |what| format!("mail_{server}_{what}");
    for _ in 0..plan.rounds {
        let (pool, nodelay) = (bare("pool", plan, address, mail)?, bare("nodelay", plan, address, mail)?);
        let ours = notifyd(plan, peer, address, plan.mails).await?;
        results.add(&name("pool_rate"), Peer::Bare, pool)?;
        results.add(&name("nodelay_rate"), Peer::Bare, nodelay)?;
        results.add(&name("rate"), peer, ours)?;
        of_pool.push(ours / pool * 100.0);
        of_nodelay.push(ours / nodelay * 100.0);
    }
    results.add(&name("pool_part"), peer, median(&of_pool).unwrap_or_default())?;
    results.add(&name("nodelay_part"), peer, median(&of_nodelay).unwrap_or_default())
}

/// Mails per second from a backlog on the bus to the server's answer and the ledger's last word.
async fn notifyd(plan: &MailPlan, peer: Peer, smtp: &str, mails: usize) -> Outcome<f64> {
    let place = Place::new(peer).await?;
    let bus = place.bus().await?;
    jobs::dispatch(&bus, mails).await?;
    drop(bus);
    rate(place.notifyd(smtp, plan.at_a_time, mails)?)
}

fn bare(how: &str, plan: &MailPlan, smtp: &str, mail: &Path) -> Outcome<f64> {
    let numbers = [plan.at_a_time.to_string(), plan.mails.to_string()];
    rate(Helper::start(&["part", "lettre", how, smtp, &numbers[0], &numbers[1]], Some(mail))?)
}

fn rate(done: Helper) -> Outcome<f64> {
    Ok(done.said().parse()?)
}
